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
                // Ends while runs go on whose hooks are ours.
                Model network = HookTests.Gaussian();
                Model mixture = SamplingTests.Mixture();
                for (int k = 0; k < 2; k++)
                {
                    SampleParameters parameters = RunTests.Endless();
                    parameters.Guide = (request, score) => GC.KeepAlive(new byte[1000]);
                    Run run = (k == 0 ? network : mixture).Begin(parameters);
                    run.Start();
                    run.Wait(TimeSpan.FromMilliseconds(20));
                }
                Console.WriteLine("leaving");
                return 0;
            default:
                throw new ArgumentException("no scene is named " + name);
        }
    }
}
