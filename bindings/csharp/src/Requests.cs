using System;

namespace Ncsn
{
    /// <summary>
    /// Replaces the noise generator: fills the array with standard normals, sample after sample. Called by whoever
    /// runs the chains: the library's own thread in a background run. The array is used again after the call.
    /// </summary>
    public delegate void NoiseFunction(NoiseRequest request, float[] noise);

    /// <summary>
    /// Steers the chains: changes the score, s(x, sigma) at <see cref="GuideRequest.X"/>, before it is used; add the
    /// gradient of a log likelihood, say. Called as <see cref="NoiseFunction"/> is.
    /// </summary>
    public delegate void GuideFunction(GuideRequest request, float[] score);

    /// <summary>What noise is wanted.</summary>
    public class NoiseRequest
    {
        /// <summary>What the noise is for; for a guide, the kind of update that will use the score.</summary>
        public NoisePurpose Purpose { get; set; }

        /// <summary>Level, 0 = largest sigma.</summary>
        public int Level { get; set; }

        /// <summary>Step within the level, from 0.</summary>
        public int Step { get; set; }

        /// <summary>Index of the first sample, <see cref="SampleParameters.FirstSample"/> included.</summary>
        public long FirstSample { get; set; }

        /// <summary>Number of samples.</summary>
        public int SampleCount { get; set; }

        /// <summary>Number of floats a sample.</summary>
        public int ElementsPerSample { get; set; }

        /// <summary>Length of the array: all samples together.</summary>
        public int FloatCount => checked(SampleCount * ElementsPerSample);

        /// <summary>A request of the caller's own, for <see cref="Fill"/>.</summary>
        public NoiseRequest() { }

        internal NoiseRequest(ncsn_noise_request native)
        {
            Purpose = (NoisePurpose)native.purpose;
            Level = (int)native.level;
            Step = (int)native.step;
            FirstSample = (long)native.first_sample;
            SampleCount = checked((int)native.sample_count);
            ElementsPerSample = checked((int)native.elements_per_sample);
        }

        /// <summary>
        /// The normals that the library itself draws for this request in a run with this seed: for a hook that
        /// changes noise rather than makes it.
        /// </summary>
        public void Fill(ulong seed, float[] noise)
        {
            if (noise == null)
                throw new ArgumentNullException(nameof(noise));
            if (noise.Length < FloatCount)
                throw new ArgumentException("has " + noise.Length + " floats, the request " + FloatCount, nameof(noise));
            Library.EnsureCompatible();
            ncsn_noise_request native = new ncsn_noise_request
            {
                struct_size = Layout.Size<ncsn_noise_request>(),
                purpose = (int)Purpose,
                level = Guard.Count(Level, nameof(Level)),
                step = Guard.Count(Step, nameof(Step)),
                first_sample = (ulong)FirstSample,
                sample_count = Guard.Count(SampleCount, nameof(SampleCount)),
                elements_per_sample = (UIntPtr)Guard.Count(ElementsPerSample, nameof(ElementsPerSample)),
            };
            using (Pins pins = new Pins())
                Guard.Call(Native.ncsn_fill_noise(seed, ref native, pins.Array(noise)));
        }
    }

    /// <summary>Which score is about to be used.</summary>
    public sealed class GuideRequest : NoiseRequest
    {
        /// <summary>Noise level.</summary>
        public double Sigma { get; }

        /// <summary>The chains, sample after sample. A copy that is used again after the call.</summary>
        public float[] X { get; internal set; }

        internal GuideRequest(ncsn_guide_request native)
        {
            Purpose = (NoisePurpose)native.purpose;
            Level = (int)native.level;
            Step = (int)native.step;
            FirstSample = (long)native.first_sample;
            SampleCount = checked((int)native.sample_count);
            ElementsPerSample = checked((int)native.elements_per_sample);
            Sigma = native.sigma;
        }
    }

    /// <summary>
    /// Strips of samples between pairs of samples (Song and Ermon 2020): sample k of a strip has the noise
    /// cos(phi) z_from + sin(phi) z_to, phi = k/(SampleCount - 1) pi/2. Start with <see cref="InitKind.Normal"/>.
    /// </summary>
    public sealed class Interpolation
    {
        /// <summary>Samples in a strip, both ends among them: at least 2.</summary>
        public int SampleCount { get; set; }

        /// <summary>Seed of the first sample of a strip.</summary>
        public ulong FromSeed { get; set; }

        /// <summary>Index of the first sample of the first strip.</summary>
        public long FromSample { get; set; }

        /// <summary>Seed of the last sample of a strip.</summary>
        public ulong ToSeed { get; set; }

        /// <summary>Index of the last sample of the first strip.</summary>
        public long ToSample { get; set; }

        internal ncsn_interpolation ToNative()
        {
            return new ncsn_interpolation
            {
                struct_size = Layout.Size<ncsn_interpolation>(),
                sample_count = Guard.Count(SampleCount, nameof(SampleCount)),
                from_seed = FromSeed,
                from_sample = (ulong)FromSample,
                to_seed = ToSeed,
                to_sample = (ulong)ToSample,
            };
        }
    }
}
