// Checks itself and prints "N passed, N failed". One program for Mono, Mono with nothing compiled at run time
// (as IL2CPP), and .NET 8.
//
//     tests ROOT          everything
//     tests ROOT NAME     one of the scenes that need a process of their own: see Scenes
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Ncsn;

internal static class Program
{
    internal static string Root;

    private static int failed;
    private static int passed;

    internal static string ModelPath(string name)
    {
        return Path.Combine(Path.Combine(Root, "models"), name);
    }

    private static int Main(string[] arguments)
    {
        Root = arguments[0];
        if (arguments.Length > 1)
            return Scenes.Play(arguments[1], arguments);
        var tests = new List<KeyValuePair<string, Action>>();
        AbiTests.AddTo(tests);
        SamplingTests.AddTo(tests);
        RunTests.AddTo(tests);
        AsyncTests.AddTo(tests);
        HookTests.AddTo(tests);
        ErrorTests.AddTo(tests);
        LifetimeTests.AddTo(tests);
        foreach (KeyValuePair<string, Action> test in tests)
        {
            Stopwatch clock = Stopwatch.StartNew();
            try
            {
                test.Value();
                passed++;
                Console.WriteLine("ok     " + test.Key + "  " + clock.ElapsedMilliseconds + " ms");
            }
            catch (Exception error)
            {
                failed++;
                Console.WriteLine("FAILED " + test.Key + ": " + error);
            }
        }
        Console.WriteLine(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }
}

internal static class Expect
{
    internal static void That(bool holds, string what)
    {
        if (!holds)
            throw new Exception("expected: " + what);
    }

    internal static void Equal<T>(T wanted, T got, string what)
    {
        if (!Equals(wanted, got))
            throw new Exception(what + ": expected " + wanted + ", got " + got);
    }

    /// <summary>Bit for bit.</summary>
    internal static void Same(float[] wanted, float[] got, string what)
    {
        Equal(wanted.Length, got.Length, what + ", length");
        for (int k = 0; k < wanted.Length; k++)
            if (!wanted[k].Equals(got[k]))
                throw new Exception(what + ": float " + k + " is " + got[k] + ", expected " + wanted[k]);
    }

    internal static T Throws<T>(Action act, string text = "") where T : Exception
    {
        try
        {
            act();
        }
        catch (T thrown)
        {
            That(thrown.Message.Contains(text), "\"" + thrown.Message + "\" to contain \"" + text + "\"");
            return thrown;
        }
        throw new Exception("expected " + typeof(T).Name + ", nothing was thrown");
    }
}
