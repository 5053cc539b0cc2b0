using System;
using System.Collections.Generic;
using Ncsn;

internal static class ErrorTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("errors of opening", Opening));
        tests.Add(new KeyValuePair<string, Action>("errors of parameters", Parameters));
        tests.Add(new KeyValuePair<string, Action>("errors of numbers", Numbers));
        tests.Add(new KeyValuePair<string, Action>("disposed objects", Disposed));
    }

    private static void Opening()
    {
        string nowhere = Program.ModelPath("né ✓.onnx");
        NcsnFileException missing = Expect.Throws<NcsnFileException>(() => Model.Open(nowhere), "né ✓.onnx");
        Expect.Equal(nowhere, missing.FileName, "file");
        Expect.Equal(Status.ErrIo, missing.Status, "status");
        Expect.Throws<NcsnModelException>(() => Model.Open(new byte[] { 1, 2, 3 }));
        Expect.Throws<NcsnException>(() => Model.Open(new byte[0]));
        Expect.Throws<ArgumentNullException>(() => Model.Open((string)null));
        Expect.Throws<ArgumentNullException>(() => Model.Open((byte[])null));
        Expect.Throws<ArgumentException>(() => Model.Open("a\0b"), "NUL");
        Expect.Throws<ArgumentException>(() => Model.Open("a\ud800b"), "Unicode");
        string mixture = Program.ModelPath("mixture.onnx");
        Expect.Throws<NcsnProviderException>(
            () => Model.Open(mixture, new ModelOptions { Providers = new[] { Provider.Cuda } }), "CUDA");
        using (Model fell = Model.Open(mixture, new ModelOptions
        {
            Providers = new[] { Provider.Cuda }, Fallback = Fallback.Allow,
            ProviderOptions = new[] { new ProviderOption { Provider = Provider.Cuda, Key = "arena_extend_strategy", Value = "kSameAsRequested" } },
        }))
            Expect.That(fell.Info.FallbackReason.Length > 0 && fell.Info.Provider == Provider.Cpu, "the reason of the fallback");
        Expect.Throws<NcsnModelException>(() => Model.Open(mixture, new ModelOptions { InputName = "ungültig" }), "ungültig");
        Expect.Throws<NcsnStateException>(() => Model.Open(mixture, new ModelOptions { RuntimePath = "/other/libonnxruntime.so" }));
        Expect.Throws<ArgumentOutOfRangeException>(() => Model.Open(mixture, new ModelOptions { IntraThreads = -1 }));
    }

    private static void Parameters()
    {
        using (Model model = SamplingTests.Mixture())
        {
            Expect.Throws<NcsnArgumentException>(() => model.Sample(new SampleParameters { SampleCount = 0 }), "sample_count");
            Expect.Throws<ArgumentOutOfRangeException>(() => model.Sample(new SampleParameters { SampleCount = -1 }));
            Expect.Throws<ArgumentNullException>(() => model.Sample(null));
            Expect.Throws<ArgumentNullException>(() => model.Begin(null));
            Expect.Throws<NcsnArgumentException>(() => model.Sample(SamplingTests.Few(), new float[3]), "64");
            Expect.Throws<NcsnException>(() => model.SampleBytes(
                new SampleParameters { OutputFormat = OutputFormat.U8Gray }));
            Expect.Throws<ArgumentException>(() => model.Sample(
                new SampleParameters { Known = new float[2], Mask = new float[4] }), "Mask");
            Expect.Throws<NcsnArgumentException>(() => model.Sample(new SampleParameters { Sampler = (Sampler)99 }), "sampler");
        }
    }

    private static void Numbers()
    {
        using (Model model = SamplingTests.Mixture())
        {
            SampleParameters parameters = SamplingTests.Few();
            parameters.Noise = (request, noise) => noise[3] = float.NaN;
            Expect.Throws<NcsnNonFiniteException>(() => model.Sample(parameters));
        }
    }

    private static void Disposed()
    {
        Model model = SamplingTests.Mixture();
        Run run = model.Begin(SamplingTests.Few());
        model.Dispose();
        model.Dispose();
        Expect.Throws<ObjectDisposedException>(() => model.Sample(SamplingTests.Few()));
        Expect.Throws<ObjectDisposedException>(() => model.Begin(SamplingTests.Few()));
        Expect.Throws<ObjectDisposedException>(() => model.Defaults());
        Expect.Equal("2", string.Join(",", model.Info.Shape), "what was known stays known");
        Expect.Equal(RunState.Done, run.Step(), "the run goes on");
        Expect.Equal(16, run.Read().Length, "samples");
        run.Dispose();
        run.Dispose();
        run.Cancel();
        Expect.Throws<ObjectDisposedException>(() => run.Step());
        Expect.Throws<ObjectDisposedException>(() => run.Poll());
        Expect.Throws<ObjectDisposedException>(() => run.Read(ReadKind.State));
        Expect.Throws<ObjectDisposedException>(() => run.Save());
    }
}
