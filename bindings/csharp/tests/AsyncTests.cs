using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Ncsn;

internal static class AsyncTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("async draws the same", () => Same().GetAwaiter().GetResult()));
        tests.Add(new KeyValuePair<string, Action>("async is cancelled", () => Cancelled().GetAwaiter().GetResult()));
        tests.Add(new KeyValuePair<string, Action>("async tells errors", () => Failed().GetAwaiter().GetResult()));
    }

    private static async Task<T> Throws<T>(Func<Task> act) where T : Exception
    {
        try
        {
            await act();
        }
        catch (T thrown)
        {
            return thrown;
        }
        throw new Exception("expected " + typeof(T).Name + ", nothing was thrown");
    }

    private static async Task Same()
    {
        using (Model model = SamplingTests.Mixture())
        {
            SamplingTests.Told told = new SamplingTests.Told();
            SampleParameters parameters = SamplingTests.Few();
            parameters.PreviewEvery = 1;
            Task<float[]> first = model.SampleAsync(parameters, told);
            Task<float[]> second = model.SampleAsync(SamplingTests.Few());
            float[] wanted = model.Sample(SamplingTests.Few());
            Expect.Same(wanted, await first, "first");
            Expect.Same(wanted, await second, "second");
            Expect.Equal(1.0, told.Reports.Last().Fraction, "fraction");
            Expect.Equal(16, ((float[])told.Reports.Last().Preview).Length, "preview");
        }
        using (Model model = Model.Open(Program.ModelPath("digits.onnx")))
        {
            SampleParameters parameters = SamplingTests.Digits(1);
            parameters.OutputFormat = OutputFormat.U8Rgba;
            byte[] pixels = await model.SampleBytesAsync(parameters);
            Expect.That(pixels.SequenceEqual(model.SampleBytes(parameters)), "pixels");
        }
    }

    private static async Task Cancelled()
    {
        using (Model model = SamplingTests.Mixture())
        using (CancellationTokenSource source = new CancellationTokenSource(30))
        {
            Task<float[]> task = model.SampleAsync(RunTests.Endless(), null, source.Token);
            await Throws<OperationCanceledException>(() => task);
            Expect.Equal(TaskStatus.Canceled, task.Status, "status");
            Expect.Equal(TaskStatus.Canceled, model.SampleAsync(SamplingTests.Few(), null, source.Token).Status, "before");
        }
    }

    private static async Task Failed()
    {
        using (Model model = SamplingTests.Mixture())
        {
            SampleParameters parameters = SamplingTests.Few();
            parameters.StepSize = 1e9;
            await Throws<NcsnArgumentException>(() => model.SampleAsync(parameters));
            SamplingTests.Told told = new SamplingTests.Told { Then = one => { throw new InvalidTimeZoneException("mine"); } };
            await Throws<InvalidTimeZoneException>(() => model.SampleAsync(RunTests.Endless(), told));
            parameters = SamplingTests.Few();
            parameters.Guide = (request, score) => { throw new InvalidTimeZoneException("mine"); };
            await Throws<InvalidTimeZoneException>(() => model.SampleAsync(parameters));
        }
    }
}
