using System;
using System.Collections.Generic;

namespace Ncsn
{
    /// <summary>One verdict on a model.</summary>
    public sealed class Finding
    {
        /// <summary>What was looked at.</summary>
        public Check Check { get; internal set; }

        /// <summary>How bad it is.</summary>
        public Severity Severity { get; internal set; }

        /// <summary>What was found, where, and what to do about it.</summary>
        public string Text { get; internal set; }

        /// <summary>Metadata that would make it right, key and value; "" for a key to remove.</summary>
        public IList<KeyValuePair<string, string>> Suggestions { get; internal set; }
    }

    /// <summary>Whether a network is what its metadata say: what <see cref="Model.Validate"/> found.</summary>
    public sealed class Validation
    {
        /// <summary>Whether no finding is an error.</summary>
        public bool Passed { get; }

        /// <summary>Whether the caller's data were used.</summary>
        public bool WithData { get; }

        /// <summary>The verdicts, worst first.</summary>
        public IList<Finding> Findings { get; }

        /// <summary>All findings as text to print.</summary>
        public string Report { get; }

        internal Validation(ncsn_validation_info native)
        {
            Passed = native.passed != 0;
            WithData = native.with_data != 0;
            Report = Text.FromUtf8(native.report);
            Findings = Array.ConvertAll(
                Layout.ReadArray<ncsn_finding>(native.findings, native.finding_count), one => new Finding
                {
                    Check = (Check)one.check,
                    Severity = (Severity)one.severity,
                    Text = Text.FromUtf8(one.text),
                    Suggestions = Array.ConvertAll(
                        Layout.ReadArray<ncsn_suggestion>(one.suggestions, one.suggestion_count),
                        entry => new KeyValuePair<string, string>(Text.FromUtf8(entry.key), Text.FromUtf8(entry.value))),
                });
        }
    }

    /// <summary>An objective at one noise level.</summary>
    public sealed class LevelLoss
    {
        /// <summary>The noise level.</summary>
        public double Sigma { get; internal set; }

        /// <summary>The objective: the mean over the samples.</summary>
        public double Loss { get; internal set; }

        /// <summary>Its standard error.</summary>
        public double StandardError { get; internal set; }

        /// <summary>sigma^2 times the loss.</summary>
        public double Weighted { get; internal set; }
    }

    /// <summary>A score-matching objective over all levels: what <see cref="Model.Evaluate"/> found.</summary>
    public sealed class Evaluation
    {
        /// <summary>The mean of sigma^2 loss over the levels.</summary>
        public double Total { get; internal set; }

        /// <summary>Its standard error.</summary>
        public double TotalError { get; internal set; }

        /// <summary>Each level, largest sigma first.</summary>
        public IList<LevelLoss> Levels { get; internal set; }
    }
}
