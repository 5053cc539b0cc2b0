using System;

namespace Ncsn
{
    /// <summary>That an array fits what parameters ask for, before the library writes into it.</summary>
    internal static class Buffers
    {
        internal static int Floats(SampleParameters parameters, long bytes)
        {
            if (!parameters.IsFloat)
                throw new ArgumentException("OutputFormat is " + parameters.OutputFormat +
                    ", which is bytes: use a byte[] and the calls named Bytes");
            return checked((int)(bytes / sizeof(float)));
        }

        internal static int Bytes(SampleParameters parameters, long bytes)
        {
            if (parameters.IsFloat)
                throw new ArgumentException("OutputFormat is F32Nchw, which is floats: use a float[], or set an 8-bit format");
            return checked((int)bytes);
        }

        internal static void Check(SampleParameters parameters, Array into)
        {
            if (into == null)
                throw new ArgumentNullException(nameof(into));
            if (parameters == null)
                throw new ArgumentNullException(nameof(parameters));
            if (into is float[])
                Floats(parameters, 0);
            else
                Bytes(parameters, 0);
        }
    }
}
