using System;

namespace Ncsn
{
    /// <summary>What is known of the data, and what is wanted. Zero: the library's default.</summary>
    public sealed class RecommendParameters
    {
        /// <summary>D: floats in a sample. Must be set.</summary>
        public int Dimension { get; set; }

        /// <summary>The largest distance between two samples, which becomes sigma_1; 0: measured in Data.</summary>
        public double Diameter { get; set; }

        /// <summary>Samples, one after another, to measure the diameter in.</summary>
        public float[] Data { get; set; }

        /// <summary>T, Langevin steps at each level. Default 5.</summary>
        public int StepsPerLevel { get; set; }

        /// <summary>sigma_L. Default 0.01.</summary>
        public double SigmaMin { get; set; }

        /// <summary>C of technique 2: how much of a level's shell the next one covers. Default 0.567.</summary>
        public double Coverage { get; set; }

        /// <summary>This many levels instead of those that the coverage asks for.</summary>
        public int LevelCount { get; set; }
    }

    /// <summary>A step size and what it does to the chains.</summary>
    public sealed class RecommendedStep
    {
        /// <summary>kappa = c epsilon / sigma_L^2.</summary>
        public double Kappa { get; }

        /// <summary>epsilon for <see cref="StepConvention.Half"/>.</summary>
        public double EpsilonHalf { get; }

        /// <summary>epsilon for <see cref="StepConvention.Full"/>.</summary>
        public double EpsilonFull { get; }

        /// <summary>Technique 4's s_T^2 / sigma_i^2 of chains that came with the variance of the level before.</summary>
        public double VarianceRatio { get; }

        /// <summary>The same of chains that came with what all levels before left in them.</summary>
        public double AccumulatedRatio { get; }

        internal RecommendedStep(ncsn_recommended_step native)
        {
            Kappa = native.kappa;
            EpsilonHalf = native.epsilon_half;
            EpsilonFull = native.epsilon_full;
            VarianceRatio = native.variance_ratio;
            AccumulatedRatio = native.accumulated_ratio;
        }
    }

    /// <summary>A ladder of noise levels and step sizes for data of a size (Song and Ermon 2020). No model is needed.</summary>
    public sealed class Recommendation
    {
        /// <summary>The noise levels, largest first.</summary>
        public double[] Sigmas { get; }

        /// <summary>The diameter, given or measured: the largest noise level.</summary>
        public double Diameter { get; }

        /// <summary>False when it was measured in too many samples to compare every pair.</summary>
        public bool ExactDiameter { get; }

        /// <summary>The ratio of neighbouring levels that has the coverage asked for.</summary>
        public double Gamma { get; }

        /// <summary>The ratio of neighbouring levels in the ladder.</summary>
        public double Ratio { get; }

        /// <summary>C of the ladder.</summary>
        public double Coverage { get; }

        /// <summary>Network evaluations of a sample.</summary>
        public long Evaluations { get; }

        /// <summary>The step size of technique 4.</summary>
        public RecommendedStep Step { get; }

        /// <summary>The better one for one to three steps a level.</summary>
        public RecommendedStep AccumulatedStep { get; }

        private Recommendation(ncsn_recommendation native, double[] sigmas)
        {
            Sigmas = sigmas;
            Diameter = native.diameter;
            ExactDiameter = native.exact_diameter != 0;
            Gamma = native.gamma;
            Ratio = native.ratio;
            Coverage = native.coverage;
            Evaluations = (long)native.evaluations;
            Step = new RecommendedStep(native.step);
            AccumulatedStep = new RecommendedStep(native.accumulated_step);
        }

        /// <summary>Recommends a ladder and step sizes.</summary>
        public static Recommendation For(RecommendParameters parameters)
        {
            if (parameters == null)
                throw new ArgumentNullException(nameof(parameters));
            Library.EnsureCompatible();
            ncsn_recommend_params native;
            Guard.Call(Native.ncsn_recommend_params_init(out native, Layout.Size<ncsn_recommend_params>()));
            var result = new ncsn_recommendation { struct_size = Layout.Size<ncsn_recommendation>() };
            native.dimension = (UIntPtr)Guard.Count(parameters.Dimension, nameof(parameters.Dimension));
            native.diameter = parameters.Diameter;
            native.level_count = (UIntPtr)Guard.Count(parameters.LevelCount, nameof(parameters.LevelCount));
            if (parameters.StepsPerLevel != 0)
                native.steps_per_level = Guard.Count(parameters.StepsPerLevel, nameof(parameters.StepsPerLevel));
            if (parameters.SigmaMin != 0)
                native.sigma_min = parameters.SigmaMin;
            if (parameters.Coverage != 0)
                native.coverage = parameters.Coverage;
            using (Pins pins = new Pins())
            {
                native.data = pins.Array(parameters.Data);
                native.data_count = Pins.Length(parameters.Data);
                Guard.Call(Native.ncsn_recommend(ref native, null, UIntPtr.Zero, ref result));
                // Measured once.
                native.diameter = result.diameter;
                double[] sigmas = new double[checked((int)result.level_count)];
                int exact = result.exact_diameter;
                Guard.Call(Native.ncsn_recommend(ref native, sigmas, Pins.Length(sigmas), ref result));
                result.exact_diameter = exact;
                return new Recommendation(result, sigmas);
            }
        }
    }
}
