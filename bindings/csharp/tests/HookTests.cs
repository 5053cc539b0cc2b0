using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Ncsn;

internal static class HookTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("noise and guide hooks, collected meanwhile", Replaced));
        tests.Add(new KeyValuePair<string, Action>("a guide steers", Steered));
        tests.Add(new KeyValuePair<string, Action>("interpolated noise", Interpolated));
        tests.Add(new KeyValuePair<string, Action>("a network of one's own", OwnNetwork));
        tests.Add(new KeyValuePair<string, Action>("exceptions through native frames", Thrown));
        tests.Add(new KeyValuePair<string, Action>("hooks on the library's thread", InBackground));
        tests.Add(new KeyValuePair<string, Action>("a run disposed by its own hook", DisposedInside));
        tests.Add(new KeyValuePair<string, Action>("a loaded run is given its hooks again", Reloaded));
    }

    private static SampleParameters Watched(Action perCall)
    {
        SampleParameters parameters = SamplingTests.Few();
        parameters.InitKind = InitKind.Normal;
        parameters.Noise = (request, noise) =>
        {
            perCall();
            request.Fill(7, noise);
        };
        parameters.Guide = (request, score) =>
        {
            perCall();
            Expect.Equal(request.X.Length, score.Length, "floats");
            Expect.That(request.Sigma > 0, "sigma");
        };
        return parameters;
    }

    private static SampleParameters Normal()
    {
        SampleParameters parameters = SamplingTests.Few();
        parameters.InitKind = InitKind.Normal;
        return parameters;
    }

    private static void Replaced()
    {
        using (Model model = SamplingTests.Mixture())
        {
            int calls = 0;
            float[] got = model.Sample(Watched(() => { if (calls++ % 10 == 0) GC.Collect(); }));
            Expect.Same(model.Sample(Normal()), got, "the library's noise, by way of the hook");
            Expect.That(calls > 20, "calls");
        }
    }

    private static void Steered()
    {
        using (Model model = SamplingTests.Mixture())
        {
            SampleParameters parameters = Normal();
            parameters.Guide = (request, score) =>
            {
                for (int k = 0; k < score.Length; k += 2)
                    score[k] = (float)((3 - request.X[k]) / (request.Sigma * request.Sigma + 0.01));
            };
            float[] samples = model.Sample(parameters);
            for (int k = 0; k < samples.Length; k += 2)
                Expect.That(Math.Abs(samples[k] - 3) < 1, "samples at x = 3, not " + samples[k]);
        }
    }

    private static void Interpolated()
    {
        using (Model model = SamplingTests.Mixture())
        {
            float[] from = model.Sample(Normal());
            SampleParameters parameters = Normal();
            parameters.SampleCount = 5;
            parameters.Interpolation = new Interpolation { SampleCount = 5, FromSeed = 7, ToSeed = 7, ToSample = 3 };
            float[] strip = model.Sample(parameters);
            Expect.Same(from.Take(2).ToArray(), strip.Take(2).ToArray(), "the first end");
            Expect.Same(from.Skip(6).Take(2).ToArray(), strip.Skip(8).ToArray(), "the last end");
            parameters.Interpolation.SampleCount = 1;
            Expect.Equal(Status.ErrCallback, Expect.Throws<NcsnException>(() => model.Sample(parameters)).Status, "status");
            parameters.Noise = (request, noise) => { };
            Expect.Throws<ArgumentException>(() => model.Sample(parameters), "Interpolation");
        }
    }

    /// <summary>The score of a standard normal.</summary>
    internal static Model Gaussian(ScoreFunction score = null, int classes = 0)
    {
        return Model.Open(score ?? ((request, output) =>
        {
            for (int k = 0; k < output.Length; k++)
                output[k] = (float)(-request.X[k] / (1 + request.Sigma * request.Sigma));
        }), new long[] { 3 }, new ModelOptions { Sigmas = new[] { 5.0, 2.0, 1.0, 0.5, 0.1 }, ClassCount = classes });
    }

    private static void OwnNetwork()
    {
        using (Model model = Gaussian())
        {
            Expect.Equal(Provider.None, model.Info.Provider, "provider");
            SampleParameters parameters = new SampleParameters
            {
                SampleCount = 500, Seed = 7, Sampler = Sampler.Heun, InitKind = InitKind.Normal,
                Schedule = Schedule.Geometric, LevelCount = 20,
            };
            float[] samples = model.Sample(parameters);
            double variance = samples.Select(x => (double)x * x).Average();
            Expect.That(variance > 0.8 && variance < 1.25, "variance 1, not " + variance);
        }
    }

    private sealed class Mine : Exception { }

    private static void Thrown()
    {
        using (Model model = SamplingTests.Mixture())
        {
            int calls = 0;
            Action fail = () => { if (++calls == 5) throw new Mine(); };
            Mine thrown = Expect.Throws<Mine>(() => model.Sample(Watched(fail)));
            Expect.That(thrown.StackTrace.Contains("HookTests"), "the stack of where it was thrown: " + thrown.StackTrace);
            SamplingTests.Told told = new SamplingTests.Told { Then = one => { throw new Mine(); } };
            Expect.Throws<Mine>(() => model.Sample(SamplingTests.Few(), told));
            calls = 0;
            using (Run run = model.Begin(Watched(fail)))
            {
                Expect.Throws<Mine>(() => run.Step());
                Expect.Equal(RunState.Done, run.Step(), "goes on");
                Expect.Same(model.Sample(Normal()), run.Read(), "as if nothing had been");
            }
        }
        int asked = 0;
        using (Model model = Gaussian((request, output) => { if (++asked == 3) throw new Mine(); }))
        {
            Expect.Throws<Mine>(() => model.Sample(SamplingTests.Few()));
            Expect.Equal(24, model.Sample(SamplingTests.Few()).Length, "usable");
        }
    }

    private static void InBackground()
    {
        using (Model model = SamplingTests.Mixture())
        {
            int here = Thread.CurrentThread.ManagedThreadId;
            int elsewhere = 0;
            using (Run run = model.Begin(Watched(() =>
            {
                if (Thread.CurrentThread.ManagedThreadId != here)
                    elsewhere++;
                if (elsewhere % 20 == 1)
                    GC.Collect();
            })))
            {
                run.Start();
                while (run.Poll() == RunState.Pending)
                {
                    GC.Collect(0);
                    Thread.Sleep(1);
                }
                Expect.Same(model.Sample(Normal()), run.Read(), "samples");
                Expect.That(elsewhere > 20, "calls on the library's thread");
            }
            int calls = 0;
            using (Run run = model.Begin(Watched(() => { if (++calls == 5) throw new Mine(); })))
            {
                run.Start();
                Expect.Throws<Mine>(() => run.Wait());
                Expect.Throws<Mine>(() => run.Poll());
                run.Start();
                Expect.Equal(RunState.Done, run.Wait(), "started again");
            }
        }
        using (Model model = Gaussian())
        using (Run run = model.Begin(SamplingTests.Few()))
        {
            model.Dispose();
            run.Start();
            Expect.Equal(RunState.Done, run.Wait(), "a network outlives its model's handle");
        }
    }

    private static void DisposedInside()
    {
        using (Model model = SamplingTests.Mixture())
        {
            foreach (bool background in new[] { false, true })
            {
                Run run = null;
                ManualResetEvent inside = new ManualResetEvent(false);
                SampleParameters parameters = RunTests.Endless();
                parameters.Guide = (request, score) =>
                {
                    run.Dispose();
                    run.Dispose();
                    inside.Set();
                };
                run = model.Begin(parameters);
                if (background)
                    run.Start();
                else
                    Expect.Equal(RunState.Cancelled, run.Step(), "stepped");
                inside.WaitOne();
            }
            GC.Collect();
        }
    }

    private static void Reloaded()
    {
        using (Model model = SamplingTests.Mixture())
        {
            byte[] saved;
            using (Run run = model.Begin(Watched(() => { })))
            {
                run.Step(4);
                saved = run.Save();
            }
            using (Run bare = model.Load(saved))
                Expect.Throws<NcsnStateException>(() => bare.Step());
            using (Run run = model.Load(saved, Watched(() => { })))
            {
                run.Step();
                Expect.Same(model.Sample(Normal()), run.Read(), "samples");
            }
        }
    }
}
