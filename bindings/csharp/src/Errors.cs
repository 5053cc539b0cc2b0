// One exception type a kind of failure, all of them an NcsnException with the library's own text. A disposed
// object is an ObjectDisposedException and a cancelled call an OperationCanceledException, as everywhere in
// .NET; what a delegate of the caller throws comes out as it was thrown.
using System;

namespace Ncsn
{
    /// <summary>The library reported an error. The message says what was wrong, where, and what to do about it.</summary>
    public class NcsnException : Exception
    {
        /// <summary>What the library returned.</summary>
        public Status Status { get; }

        /// <summary>An error with the library's status and text.</summary>
        public NcsnException(Status status, string message, Exception inner = null) : base(message, inner)
        {
            Status = status;
        }
    }

    /// <summary>A parameter, or an option, is out of range or contradicts another one; the message names it.</summary>
    public class NcsnArgumentException : NcsnException
    {
        internal NcsnArgumentException(Status status, string message) : base(status, message) { }
    }

    /// <summary>A file is missing or cannot be read.</summary>
    public class NcsnFileException : NcsnException
    {
        /// <summary>The file that was to be opened.</summary>
        public string FileName { get; }

        internal NcsnFileException(Status status, string message, string file) : base(status, message)
        {
            FileName = file;
        }
    }

    /// <summary>The file is no ONNX model, or the model is no score network or does not say enough about itself.</summary>
    public class NcsnModelException : NcsnException
    {
        internal NcsnModelException(Status status, string message) : base(status, message) { }
    }

    /// <summary>ONNX Runtime is missing or too old; the message lists where it was looked for.</summary>
    public class NcsnRuntimeException : NcsnException
    {
        internal NcsnRuntimeException(Status status, string message) : base(status, message) { }
    }

    /// <summary>An execution provider cannot be used; the message has ONNX Runtime's own reason.</summary>
    public class NcsnProviderException : NcsnException
    {
        internal NcsnProviderException(Status status, string message) : base(status, message) { }
    }

    /// <summary>NaN or infinity in a score, in noise or in a chain; the message says level, step and sample.</summary>
    public class NcsnNonFiniteException : NcsnException
    {
        internal NcsnNonFiniteException(Status status, string message) : base(status, message) { }
    }

    /// <summary>The call does not fit the state of the object: a run in use, a result read before it exists.</summary>
    public class NcsnStateException : NcsnException
    {
        internal NcsnStateException(Status status, string message) : base(status, message) { }
    }

    /// <summary>libncsn itself is missing, or is not the one this assembly was made for.</summary>
    public class NcsnLibraryException : NcsnException
    {
        internal NcsnLibraryException(string message, Exception inner)
            : base(Status.ErrUnsupported, message, inner) { }
    }

    internal static class Guard
    {
        /// <summary>Throws for an error that the calling thread's last call returned.</summary>
        internal static void Call(int status, string file = null)
        {
            if (status < 0)
                throw Error((Status)status, Ncsn.Text.Fetch(Native.ncsn_last_error), file);
        }

        internal static NcsnException Error(Status status, string text, string file = null)
        {
            if (text.Length == 0)
                text = Ncsn.Text.FromUtf8(Native.ncsn_status_name((int)status));
            switch (status)
            {
                case Status.ErrArgument:
                case Status.ErrUtf8:
                case Status.ErrBuffer:
                    return new NcsnArgumentException(status, text);
                case Status.ErrIo:
                    return new NcsnFileException(status, text, file);
                case Status.ErrModel:
                case Status.ErrContract:
                case Status.ErrShape:
                    return new NcsnModelException(status, text);
                case Status.ErrRuntimeMissing:
                case Status.ErrRuntimeVersion:
                    return new NcsnRuntimeException(status, text);
                case Status.ErrProvider:
                    return new NcsnProviderException(status, text);
                case Status.ErrNonFinite:
                    return new NcsnNonFiniteException(status, text);
                case Status.ErrState:
                    return new NcsnStateException(status, text);
                default:
                    return new NcsnException(status, text);
            }
        }

        /// <summary>A count that C takes as unsigned.</summary>
        internal static uint Count(int value, string name)
        {
            if (value < 0)
                throw new ArgumentOutOfRangeException(name, value, "must not be negative");
            return (uint)value;
        }
    }
}
