using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using Ncsn;

internal static class LifetimeTests
{
    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("abandoned runs and models are finalised", Abandoned));
        tests.Add(new KeyValuePair<string, Action>("disposed by one thread while others use it", Raced));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(int k, List<WeakReference> left)
    {
        Model model = k % 2 == 0 ? SamplingTests.Mixture() : HookTests.Gaussian();
        SampleParameters parameters = RunTests.Endless();
        if (k % 3 == 0)
            parameters.Guide = (request, score) => { };
        Run run = model.Begin(parameters);
        if (k % 4 < 2)
            run.Start();
        else
            run.Step(2);
        left.Add(new WeakReference(model));
        left.Add(new WeakReference(run));
    }

    private static void Abandoned()
    {
        var left = new List<WeakReference>();
        // On a thread of its own: nothing of it stays on this stack.
        Thread thread = new Thread(() =>
        {
            for (int k = 0; k < 12; k++)
                Abandon(k, left);
        });
        thread.Start();
        thread.Join();
        for (int k = 0; k < 5; k++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        int alive = left.FindAll(one => one.IsAlive).Count;
        // Mono scans stacks conservatively and may keep a few.
        Expect.That(alive <= 6, "collected, not " + alive + " of " + left.Count + " alive");
    }

    private static void Raced()
    {
        using (Model model = SamplingTests.Mixture())
            for (int k = 0; k < 20; k++)
            {
                Run run = model.Begin(RunTests.Endless());
                Exception wrong = null;
                Thread other = new Thread(() =>
                {
                    try
                    {
                        if (run.Step() != RunState.Cancelled)
                            throw new Exception("not cancelled");
                    }
                    catch (ObjectDisposedException)
                    {
                    }
                    catch (Exception thrown)
                    {
                        wrong = thrown;
                    }
                });
                other.Start();
                Thread.Sleep(k % 3);
                run.Cancel();
                run.Dispose();
                other.Join();
                Expect.That(wrong == null, "no error but " + wrong);
            }
    }
}
