// Drives NcsnTexture frame by frame as an engine would, and prints "N passed, N failed".
using System;
using System.IO;
using System.Threading;
using Ncsn;
using UnityEngine;

internal static class Frames
{
    private static int failed;
    private static int passed;

    private static void Expect(bool holds, string what)
    {
        if (holds)
            passed++;
        else
            failed++;
        Console.WriteLine((holds ? "ok     " : "FAILED ") + what);
    }

    private static int Frame(NcsnTexture texture, Func<bool> until)
    {
        int frames = 0;
        for (DateTime end = DateTime.UtcNow.AddSeconds(60); !until() && DateTime.UtcNow < end; frames++)
        {
            texture.Send("Update");
            Thread.Sleep(2);
        }
        return frames;
    }

    private static int Main(string[] arguments)
    {
        Application.streamingAssetsPath = arguments[0];
        var shown = new Renderer();
        var texture = new NcsnTexture { modelPath = "digits.onnx", seed = 7, evaluations = 10, target = shown };
        int finished = 0;
        texture.Finished += one => finished++;

        texture.Send("OnEnable");
        int frames = Frame(texture, () => finished > 0);
        Expect(finished == 1 && texture.Error == null, "finishes, in " + frames + " frames: " + texture.Error);
        Expect(texture.Texture.Applied > 2, "was shown " + texture.Texture.Applied + " times on its way");
        Expect(ReferenceEquals(shown.material.mainTexture, texture.Texture), "is on its target");
        using (Model model = Model.Open(Path.Combine(arguments[0], "digits.onnx")))
        {
            byte[] wanted = model.SampleBytes(new SampleParameters
            {
                Seed = 7, Sampler = Sampler.Auto, NfeBudget = 10, OutputFormat = OutputFormat.U8Rgba,
            });
            bool flipped = true;
            for (int y = 0; y < 28; y++)
                for (int k = 0; k < 112; k++)
                    flipped &= wanted[y * 112 + k] == texture.Texture.Raw[(27 - y) * 112 + k];
            Expect(flipped, "holds the sample, lowest row first");
        }

        Texture2D first = texture.Texture;
        texture.Send("OnDisable");
        texture.modelPath = "";
        texture.model = new TextAsset { bytes = File.ReadAllBytes(Path.Combine(arguments[0], "digits.onnx")) };
        texture.Send("OnEnable");
        Frame(texture, () => finished == 2);
        Expect(finished == 2 && ReferenceEquals(first, texture.Texture), "again, from an asset, in the same texture");

        for (int k = 0; k < 10; k++)
        {
            texture.evaluations = 1000;
            texture.Send("OnEnable");
            for (int frame = 0; frame < 4 * k; frame++)
            {
                texture.Send("Update");
                Thread.Sleep(2);
            }
            texture.Send("OnDisable");
        }
        Expect(texture.Error == null && finished == 2, "is disabled at any moment: " + texture.Error);

        texture.model = null;
        texture.modelPath = "nothing.onnx";
        texture.Send("OnEnable");
        Frame(texture, () => texture.Error != null);
        Expect(texture.Error is NcsnFileException && Debug.Logged == texture.Error, "tells what is missing");
        texture.model = new TextAsset { bytes = File.ReadAllBytes(Path.Combine(arguments[0], "mixture.onnx")) };
        texture.Send("OnDisable");
        texture.Send("OnEnable");
        Frame(texture, () => texture.Error != null);
        Expect(texture.Error is InvalidOperationException, "refuses what is no picture");
        texture.Send("OnDisable");
        texture.Send("OnDestroy");
        Expect(UnityEngine.Object.Destroyed == 1, "destroys its texture");
        Console.WriteLine(passed + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }
}
