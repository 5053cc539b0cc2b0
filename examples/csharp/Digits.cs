// Draws a grid of handwritten digits and writes it as an image.
//
//     Digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]
//
// Any model of gray images works. Ctrl-C cancels.
using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Ncsn;

internal static class Digits
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length < 2)
        {
            Console.Error.WriteLine("usage: Digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]");
            return 1;
        }
        try
        {
            DrawAsync(arguments).GetAwaiter().GetResult();
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("\ncancelled");
        }
        catch (Exception error) when (error is NcsnException || error is IOException || error is FormatException)
        {
            Console.Error.WriteLine(error.Message);
        }
        return 1;
    }

    private static async Task DrawAsync(string[] arguments)
    {
        using (var interrupt = new CancellationTokenSource())
        using (Model model = Model.Open(arguments[0]))
        {
            Console.CancelKeyPress += (sender, pressed) =>
            {
                pressed.Cancel = true;
                interrupt.Cancel();
            };
            Console.WriteLine(model.Info.Description);
            Console.WriteLine("ONNX Runtime {0}, {1} threads", model.Info.RuntimeVersion, model.Info.IntraThreads);
            var parameters = new SampleParameters
            {
                SampleCount = arguments.Length > 2 ? int.Parse(arguments[2], CultureInfo.InvariantCulture) : 64,
                Seed = arguments.Length > 3 ? ulong.Parse(arguments[3], CultureInfo.InvariantCulture) : 7,
                OutputFormat = OutputFormat.U8Gray,
            };
            byte[] pixels = await model.SampleBytesAsync(parameters, new OneLine(), interrupt.Token);
            Console.Error.WriteLine();
            WritePgm(arguments[1], pixels, parameters.SampleCount, (int)model.Info.Shape[1], (int)model.Info.Shape[2]);
        }
    }

    /// <summary>One line that overwrites itself.</summary>
    private sealed class OneLine : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress now)
        {
            Console.Error.Write(string.Format(CultureInfo.InvariantCulture,
                "\rlevel {0}/{1}  sigma {2,-7:g3}  {3,3:f0} %  {4:f0} s left   ",
                now.Level + 1, now.LevelCount, now.Sigma, 100 * now.Fraction, now.RemainingSeconds));
        }
    }

    /// <summary>Gray pictures in a square grid, with a gap of two pixels.</summary>
    private static void WritePgm(string path, byte[] pixels, int count, int height, int width)
    {
        const int Gap = 2;
        int columns = (int)Math.Ceiling(Math.Sqrt(count));
        int gridWidth = columns * (width + Gap) + Gap;
        int gridHeight = (count + columns - 1) / columns * (height + Gap) + Gap;
        byte[] grid = new byte[gridWidth * gridHeight];
        for (int k = 0; k < count; k++)
        {
            int corner = (k / columns * (height + Gap) + Gap) * gridWidth + k % columns * (width + Gap) + Gap;
            for (int y = 0; y < height; y++)
                Array.Copy(pixels, (k * height + y) * width, grid, corner + y * gridWidth, width);
        }
        using (FileStream file = File.Create(path))
        {
            byte[] header = Encoding.ASCII.GetBytes("P5\n" + gridWidth + " " + gridHeight + "\n255\n");
            file.Write(header, 0, header.Length);
            file.Write(grid, 0, grid.Length);
        }
    }
}
