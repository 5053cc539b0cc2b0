using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Ncsn;

internal static class SamplingTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("a model tells what it is", Info));
        tests.Add(new KeyValuePair<string, Action>("path, bytes and a path with other letters draw the same", Opened));
        tests.Add(new KeyValuePair<string, Action>("a job that is cut draws the same", Cut));
        tests.Add(new KeyValuePair<string, Action>("the model's own values, filled in, draw the same", Filled));
        tests.Add(new KeyValuePair<string, Action>("digits as bytes, rows padded", Pixels));
        tests.Add(new KeyValuePair<string, Action>("progress and previews", ProgressTold));
        tests.Add(new KeyValuePair<string, Action>("cancelled by a token", Cancelled));
        tests.Add(new KeyValuePair<string, Action>("one model from four threads", Shared));
        tests.Add(new KeyValuePair<string, Action>("labels, given sigmas, known and mask cross", ArraysCross));
        tests.Add(new KeyValuePair<string, Action>("recommend, validate, evaluate", Diagnostics));
        tests.Add(new KeyValuePair<string, Action>("tune, and open what was chosen", Tuned));
        tests.Add(new KeyValuePair<string, Action>("log", Logged));
    }

    internal static SampleParameters Few(int count = 8)
    {
        return new SampleParameters { SampleCount = count, Seed = 7 };
    }

    /// <summary>A few evaluations of the digits network: it is the one with pixels.</summary>
    internal static SampleParameters Digits(int count)
    {
        return new SampleParameters { SampleCount = count, Seed = 7, Sampler = Sampler.Ancestral, LevelCount = 3 };
    }

    internal static Model Mixture()
    {
        return Model.Open(Program.ModelPath("mixture.onnx"));
    }

    private static void Info()
    {
        using (Model model = Model.Open(Program.ModelPath("digits.onnx")))
        {
            Expect.Equal("1,28,28", string.Join(",", model.Info.Shape), "shape");
            Expect.Equal(784, model.Info.ElementCount, "elements");
            Expect.Equal(model.Info.SigmaMax, model.Info.Sigmas[0], "sigma_max");
            Expect.Equal(model.Info.SigmaMin, model.Info.Sigmas.Last(), "sigma_min");
            Expect.Equal(Provider.Cpu, model.Info.Provider, "provider");
            Expect.Equal("1.28.0", model.Info.RuntimeVersion, "ONNX Runtime");
            Expect.That(File.Exists(model.Info.RuntimePath), model.Info.RuntimePath);
            Expect.That(model.Info.Facts.Any(one => one.Key == "sigmas" && one.Source == FactSource.Metadata), "facts");
            Expect.That(model.Info.ParameterCount > 1000000, "parameters");
        }
    }

    private static void Opened()
    {
        string file = Program.ModelPath("mixture.onnx");
        string folder = Path.Combine(Path.GetTempPath(), "ncsn-csharp-" + Guid.NewGuid());
        string other = Path.Combine(folder, "Zahlen é ✓ \U0001F600.onnx");
        Directory.CreateDirectory(folder);
        try
        {
            File.Copy(file, other);
            using (Model a = Model.Open(file))
            using (Model b = Model.Open(File.ReadAllBytes(file)))
            using (Model c = Model.Open(other))
            {
                float[] wanted = a.Sample(Few());
                Expect.Same(wanted, b.Sample(Few()), "from bytes");
                Expect.Same(wanted, c.Sample(Few()), "from " + other);
                Expect.That(wanted.All(one => !float.IsNaN(one)) && wanted.Distinct().Count() > 8, "samples");
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static void Cut()
    {
        using (Model model = Mixture())
        {
            float[] all = model.Sample(Few());
            SampleParameters rest = Few(3);
            rest.FirstSample = 5;
            Expect.Same(all.Skip(10).ToArray(), model.Sample(rest), "samples 5 to 7");
            float[] into = new float[16];
            model.Sample(Few(), into);
            Expect.Same(all, into, "into an array");
        }
    }

    private static void Filled()
    {
        using (Model model = Mixture())
        {
            SampleParameters own = model.Defaults();
            Expect.Equal(1, own.SampleCount, "one sample");
            own.SampleCount = 8;
            own.Seed = 7;
            Expect.Same(model.Sample(Few()), model.Sample(own), "defaults");
        }
    }

    private static void Pixels()
    {
        using (Model model = Model.Open(Program.ModelPath("digits.onnx")))
        {
            SampleParameters parameters = Digits(2);
            float[] floats = model.Sample(parameters);
            parameters.OutputFormat = OutputFormat.U8Gray;
            Expect.Equal(2L * 784, model.OutputSize(parameters), "bytes");
            MemoryEstimate memory = model.EstimateMemory(parameters);
            long parts = memory.WeightsBytes + memory.EvaluationBytes + memory.RunBytes;
            Expect.Equal(parts, memory.TotalBytes, "the estimate's parts");
            Expect.Equal(2L, memory.RowsAtOnce, "samples at a time");
            byte[] gray = model.SampleBytes(parameters);
            for (int k = 0; k < gray.Length; k++)
                Expect.That(Math.Abs(Math.Min(Math.Max(floats[k], 0), 1) * 255 - gray[k]) <= 0.51, "pixel " + k);
            parameters.OutputFormat = OutputFormat.U8Rgba;
            parameters.RowPitch = 128;
            byte[] padded = new byte[2 * 28 * 128];
            for (int k = 0; k < padded.Length; k++)
                padded[k] = 9;
            model.SampleBytes(parameters, padded);
            for (int row = 0; row < 56; row++)
                for (int byteAt = 0; byteAt < 128; byteAt++)
                {
                    int wanted = byteAt >= 112 ? 9 : byteAt % 4 == 3 ? 255 : gray[row * 28 + byteAt / 4];
                    // No byte follows the last row's pixels that the library would have to leave alone.
                    Expect.Equal(wanted, (int)padded[row * 128 + byteAt], "row " + row + ", byte " + byteAt);
                }
            Expect.Throws<ArgumentException>(() => model.Sample(parameters), "byte[]");
            Expect.Throws<ArgumentException>(() => model.SampleBytes(Digits(1)), "float[]");
        }
    }

    internal sealed class Told : IProgress<SamplingProgress>
    {
        internal readonly List<SamplingProgress> Reports = new List<SamplingProgress>();
        internal Action<SamplingProgress> Then = one => { };

        public void Report(SamplingProgress value)
        {
            lock (Reports)
                Reports.Add(value);
            Then(value);
        }
    }

    private static void ProgressTold()
    {
        using (Model model = Mixture())
        {
            SampleParameters parameters = Few();
            parameters.PreviewEvery = 10;
            Told told = new Told();
            float[] samples = model.Sample(parameters, told);
            Expect.Same(model.Sample(Few()), samples, "watched");
            SamplingProgress last = told.Reports.Last();
            Expect.Equal(last.CallsTotal, last.CallsDone, "calls");
            Expect.Equal(1.0, last.Fraction, "fraction");
            Expect.That(told.Reports.Count == last.CallsTotal, "a report for each call");
            SamplingProgress preview = told.Reports.First(one => one.Preview != null);
            Expect.Equal(16, ((float[])preview.Preview).Length, "preview");
            Expect.That(preview.Sigma > 0 && preview.ScoreNorm > 0 && preview.CallSeconds > 0, "numbers");
        }
    }

    private static void Cancelled()
    {
        using (Model model = Mixture())
        using (CancellationTokenSource source = new CancellationTokenSource())
        {
            Told told = new Told { Then = one => { if (one.CallsDone == 5) source.Cancel(); } };
            OperationCanceledException thrown = Expect.Throws<OperationCanceledException>(
                () => model.Sample(Few(), told, source.Token));
            Expect.Equal(source.Token, thrown.CancellationToken, "token");
            Expect.Equal(5, told.Reports.Count, "calls until the cancel was seen");
            Expect.Throws<OperationCanceledException>(() => model.Sample(Few(), null, source.Token));
            Expect.Equal(16, model.Sample(Few()).Length, "still usable");
        }
    }

    private static void Shared()
    {
        using (Model model = Mixture())
        {
            float[] wanted = model.Sample(Few());
            float[][] got = new float[4][];
            Thread[] threads = Enumerable.Range(0, 4).Select(k => new Thread(() => got[k] = model.Sample(Few()))).ToArray();
            foreach (Thread thread in threads)
                thread.Start();
            foreach (Thread thread in threads)
                thread.Join();
            foreach (float[] one in got)
                Expect.Same(wanted, one, "thread");
        }
    }

    private static void ArraysCross()
    {
        using (Model model = Model.Open(Program.ModelPath("digits-class.onnx")))
        {
            SampleParameters parameters = Digits(2);
            parameters.LevelCount = 2;
            parameters.Labels = new long[] { 3, 4 };
            float[] classes = model.Sample(parameters);
            parameters.Labels = new long[] { 3, 12 };
            Expect.Throws<NcsnArgumentException>(() => model.Sample(parameters), "labels");
            parameters.Labels = new long[] { 3, 5 };
            float[] others = model.Sample(parameters);
            Expect.Same(classes.Take(784).ToArray(), others.Take(784).ToArray(), "label 3");
            Expect.That(!classes.Skip(784).SequenceEqual(others.Skip(784)), "labels matter");
        }
        using (Model model = Mixture())
        {
            SampleParameters parameters = Few(2);
            parameters.Known = new float[] { 0.25f, 0, 0, 0.5f };
            parameters.Mask = new float[] { 1, 0, 0, 1 };
            parameters.Sigmas = new double[] { 10, 1, 0.1 };
            float[] samples = model.Sample(parameters);
            Expect.Equal(0.25f, samples[0], "known");
            Expect.Equal(0.5f, samples[3], "known");
            parameters.Sigmas = new double[] { 1, 10 };
            Expect.Throws<NcsnArgumentException>(() => model.Sample(parameters), "sigmas");
        }
    }

    private static void Diagnostics()
    {
        Recommendation advice = Recommendation.For(new RecommendParameters { Dimension = 784, Diameter = 20 });
        Expect.Equal(20.0, advice.Sigmas[0], "sigma_1");
        Expect.That(advice.Sigmas.Length > 10 && advice.Step.EpsilonHalf > 0, "ladder and step");
        using (Model model = Mixture())
        {
            float[] data = model.Sample(Few(100));
            Validation right = model.Validate(data);
            Expect.That(right.Passed && right.WithData && right.Report.Length > 0, right.Report);
            using (Model wrong = Model.Open(Program.ModelPath("mixture.onnx"), new ModelOptions { Output = NetworkOutput.Noise }))
            {
                Validation found = wrong.Validate(data);
                Expect.That(!found.Passed && found.Findings[0].Severity == Severity.Error, found.Report);
                Expect.That(found.Findings.SelectMany(one => one.Suggestions).Any(one => one.Key == "ncsn.output"), "advice");
            }
            Evaluation exact = model.Evaluate(data, Objective.Esm, model, maxLevels: 3);
            Expect.Equal(3, exact.Levels.Count, "levels");
            Expect.Equal(0.0, exact.Total, "a model against itself");
        }
    }

    private static void Tuned()
    {
        string path = Program.ModelPath("mixture.onnx");
        var quick = new TuneParameters { Seconds = 1, BatchSize = 8, Cache = TuneCache.Off };
        var options = new ModelOptions { Sigmas = new[] { 3.0, 2.0, 1.0 } };
        Tuning found = Tuning.Of(path, options, quick);
        Expect.Equal(TuneVerdict.Chosen, found.Rows[found.Chosen].Verdict, found.Report);
        Expect.That(found.Rows[found.Chosen].Error <= 1e-4 && found.Report.Contains(found.Rows[0].Candidate), found.Report);
        Expect.That(found.BatchSize == 8 && !found.FromCache && found.CacheFile == "", "no cache");
        using (Model model = Model.Open(path, found.Apply(options)))
            Expect.That(model.Info.Provider == Provider.Cpu && model.Info.Sigmas.Length == 3, "opened as chosen");
        Expect.Throws<NcsnArgumentException>(() => Tuning.Of(path, null, new TuneParameters { MaxError = -1 }), "max_error");
        var openVino = new ModelOptions { Providers = new[] { Provider.OpenVino } };
        Expect.Throws<NcsnProviderException>(() => Tuning.Of(path, openVino, quick), "onnxruntime-openvino");
    }

    private static void Logged()
    {
        var lines = new List<string>();
        Log.Set(LogLevel.Debug, (level, text) => { lock (lines) lines.Add(text); throw new Exception("dropped"); });
        using (Mixture()) { }
        Log.Set(LogLevel.None, null);
        int count = lines.Count;
        Expect.That(count > 0, "messages");
        using (Mixture()) { }
        Expect.Equal(count, lines.Count, "silence");
    }
}
