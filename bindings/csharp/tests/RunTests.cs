using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Ncsn;

internal static class RunTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("stepped by steps and by budgets", Stepped));
        tests.Add(new KeyValuePair<string, Action>("in the background, polled", Background));
        tests.Add(new KeyValuePair<string, Action>("cancelled in the background", CancelledThere));
        tests.Add(new KeyValuePair<string, Action>("saved and loaded", Saved));
        tests.Add(new KeyValuePair<string, Action>("saved while it goes on", SavedMeanwhile));
        tests.Add(new KeyValuePair<string, Action>("used out of turn", OutOfTurn));
    }

    private static void Stepped()
    {
        using (Model model = SamplingTests.Mixture())
        using (Run run = model.Begin(SamplingTests.Few()))
        using (Run budgeted = model.Begin(SamplingTests.Few()))
        {
            Expect.Throws<NcsnStateException>(() => run.Read());
            Expect.Throws<NcsnStateException>(() => run.Read(ReadKind.Denoised));
            Expect.Equal(RunState.Pending, run.Step(3), "three steps");
            SamplingProgress now;
            run.Poll(out now);
            Expect.Equal(3L, now.NfeDone, "evaluations");
            Expect.Equal(16, run.Read(ReadKind.State).Length, "state");
            Expect.Equal(16, run.Read(ReadKind.Denoised).Length, "denoised");
            Expect.Equal(RunState.Done, run.Step(), "the rest");
            Expect.Equal(RunState.Done, run.Step(), "once more");
            int frames = 0;
            while (budgeted.Step(0, TimeSpan.FromTicks(5000)) == RunState.Pending)
                frames++;
            Expect.That(frames > 1, "several frames");
            Expect.Same(model.Sample(SamplingTests.Few()), run.Read(), "stepped");
            Expect.Same(run.Read(), budgeted.Read(), "budgeted");
        }
    }

    private static void Background()
    {
        using (Model model = SamplingTests.Mixture())
        using (Run run = model.Begin(SamplingTests.Few()))
        {
            run.Start();
            SamplingProgress now;
            float[] state = new float[16];
            while (run.Poll(out now) == RunState.Pending)
            {
                run.Read(ReadKind.State, state);
                Thread.Sleep(1);
            }
            Expect.Equal(now.CallsTotal, now.CallsDone, "calls");
            Expect.Equal(RunState.Done, run.Wait(), "waited");
            Expect.Same(model.Sample(SamplingTests.Few()), run.Read(), "samples");
        }
    }

    /// <summary>More than there is time for.</summary>
    internal static SampleParameters Endless()
    {
        return new SampleParameters { SampleCount = 64, Seed = 7, Sampler = Sampler.AnnealedLangevin, StepsPerLevel = 1 << 20 };
    }

    private static void CancelledThere()
    {
        using (Model model = SamplingTests.Mixture())
            for (int k = 0; k < 20; k++)
                using (Run run = model.Begin(Endless()))
                {
                    run.Start();
                    Expect.Equal(RunState.Pending, run.Wait(TimeSpan.FromMilliseconds(k % 3)), "goes on");
                    run.Cancel();
                    Expect.Equal(RunState.Cancelled, run.Wait(), "cancelled");
                    Expect.Equal(RunState.Cancelled, run.Poll(), "cancelled");
                    Expect.Equal(128, run.Read(ReadKind.State).Length, "state");
                }
    }

    private static void Saved()
    {
        using (Model model = SamplingTests.Mixture())
        {
            byte[] saved;
            using (Run run = model.Begin(SamplingTests.Few()))
            {
                run.Step(5);
                saved = run.Save();
            }
            float[] wanted = model.Sample(SamplingTests.Few());
            using (Run run = model.Load(saved, SamplingTests.Few()))
            {
                run.Step();
                Expect.Same(wanted, run.Read(), "loaded");
            }
            using (Run run = model.Load(saved))
            {
                run.Start();
                run.Wait();
                Expect.Same(wanted, run.Read(), "loaded, without parameters");
                Expect.Throws<NcsnArgumentException>(() => run.Read(ReadKind.Sample, new float[1]), "64");
            }
            saved[saved.Length / 2] ^= 1;
            Expect.Throws<NcsnArgumentException>(() => model.Load(saved));
        }
    }

    private static void SavedMeanwhile()
    {
        using (Model model = SamplingTests.Mixture())
        using (Run run = model.Begin(Endless()))
        {
            run.Start();
            while (model.Load(run.Save(), Endless()).Poll() != RunState.Pending)
                Thread.Sleep(1);
            run.Cancel();
        }
    }

    private static void OutOfTurn()
    {
        using (Model model = SamplingTests.Mixture())
        {
            using (Run run = model.Begin(Endless()))
            {
                Expect.Throws<NcsnStateException>(() => run.Wait());
                run.Start();
                Expect.Throws<NcsnStateException>(() => run.Start());
                Expect.Throws<NcsnStateException>(() => run.Step());
                Expect.Throws<NcsnStateException>(() => run.Read());
                Expect.Throws<ArgumentException>(() => run.ReadBytes());
                Expect.Throws<ArgumentOutOfRangeException>(() => run.Step(-1));
                Expect.Throws<ArgumentOutOfRangeException>(() => run.Wait(TimeSpan.FromSeconds(-5)));
            }
        }
    }
}
