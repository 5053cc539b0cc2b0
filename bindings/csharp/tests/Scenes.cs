// What needs a process of its own.
using System;
using System.Threading;
using Ncsn;

internal static class Scenes
{
    internal static int Play(string name, string[] arguments)
    {
        switch (name)
        {
            case "open":
                // Opens a model, or tells which exception says why not.
                try
                {
                    using (Model model = SamplingTests.Mixture())
                        Console.WriteLine("opened, " + Library.Version);
                }
                catch (NcsnException error)
                {
                    Console.WriteLine(error.GetType().Name + " " + error.Status + ": " + error.Message);
                }
                return 0;
            case "exit":
                LeaveRunsBehind();
                Console.WriteLine("leaving");
                return 0;
            case "reload":
                // What Unity's editor does at each change of a script: the domain goes, the process and libncsn stay.
                for (int k = 0; k < 5; k++)
                {
                    AppDomain domain = AppDomain.CreateDomain("reloaded " + k);
                    ((Resident)domain.CreateInstanceAndUnwrap(typeof(Resident).Assembly.FullName, typeof(Resident).FullName))
                        .Leave(Program.Root);
                    AppDomain.Unload(domain);
                    Thread.Sleep(20);
                }
                Console.WriteLine("reloaded");
                return 0;
            default:
                throw new ArgumentException("no scene is named " + name);
        }
    }

    /// <summary>Does in another domain what is asked of it in this one.</summary>
    private sealed class Resident : MarshalByRefObject
    {
        public void Leave(string root)
        {
            Program.Root = root;
            LeaveRunsBehind();
        }
    }

    /// <summary>Runs that go on, with hooks of ours: by now their thread is in one, or waits to be.</summary>
    private static void LeaveRunsBehind()
    {
        Log.Set(LogLevel.Debug, (level, text) => { });
        foreach (Model model in new[] { HookTests.Gaussian(), SamplingTests.Mixture() })
        {
            SampleParameters parameters = RunTests.Endless();
            parameters.Guide = (request, score) => GC.KeepAlive(new byte[1000]);
            Run run = model.Begin(parameters);
            run.Start();
            run.Wait(TimeSpan.FromMilliseconds(20));
        }
    }
}
