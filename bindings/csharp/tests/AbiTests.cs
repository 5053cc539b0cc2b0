// That the mirror in Structs.cs, Enums.cs and Native.cs is the header's.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Ncsn;

internal static class AbiTests
{
    private static readonly Assembly Binding = typeof(Model).Assembly;

    internal static void AddTo(List<KeyValuePair<string, Action>> tests)
    {
        tests.Add(new KeyValuePair<string, Action>("structs lie as tests/abi/layout.txt says", Layouts));
        tests.Add(new KeyValuePair<string, Action>("constants are the header's", Constants));
        tests.Add(new KeyValuePair<string, Action>("functions are tests/abi/symbols.txt, without bool and string", Signatures));
        tests.Add(new KeyValuePair<string, Action>("older and newer structs by struct_size", StructSizes));
        tests.Add(new KeyValuePair<string, Action>("the assembly needs no unsafe code", NoUnsafe));
    }

    private static string Read(params string[] path)
    {
        return File.ReadAllText(path.Aggregate(Program.Root, Path.Combine));
    }

    private static void Layouts()
    {
        Type type = null;
        int fields = 0, structs = 0;
        foreach (string line in Read("tests", "abi", "layout.txt").Split('\n'))
        {
            string[] words = line.Trim().Split(' ');
            if (words.Length < 2)
                continue;
            if (!line.StartsWith(" "))
            {
                type = Binding.GetType("Ncsn." + words[0], true);
                Expect.Equal(int.Parse(words[1]), Marshal.SizeOf(type), words[0]);
                structs++;
            }
            else
            {
                Expect.Equal(int.Parse(words[0]), (int)Marshal.OffsetOf(type, words[1]), type.Name + "." + words[1]);
                fields++;
            }
        }
        Expect.That(structs > 20 && fields > 150, "all structs of the record, not " + structs);
    }

    private static string Plain(string name)
    {
        return name.Replace("_", "").ToLowerInvariant();
    }

    private static void Constants()
    {
        // The constants' prefixes, the longest that fits counts.
        var enums = new Dictionary<string, Type>
        {
            { "", typeof(Status) }, { "PROVIDER_", typeof(Provider) }, { "FALLBACK_", typeof(Fallback) },
            { "CONDITIONING_", typeof(Conditioning) }, { "OUTPUT_", typeof(NetworkOutput) },
            { "INPUT_SCALING_", typeof(InputScaling) }, { "RANGE_", typeof(ValueRange) },
            { "OFF_LADDER_", typeof(OffLadder) }, { "SOURCE_", typeof(FactSource) }, { "SAMPLER_", typeof(Sampler) },
            { "NORM_", typeof(CorrectorNorm) }, { "SCHEDULE_", typeof(Schedule) }, { "STEP_", typeof(StepConvention) },
            { "INIT_", typeof(InitKind) }, { "READ_", typeof(ReadKind) }, { "PHASE_", typeof(Phase) },
            { "NOISE_", typeof(NoisePurpose) }, { "LOG_", typeof(LogLevel) }, { "OBJECTIVE_", typeof(Objective) },
            { "CHECK_", typeof(Check) }, { "SEVERITY_", typeof(Severity) },
            { "TUNE_CACHE_", typeof(TuneCache) }, { "VERDICT_", typeof(TuneVerdict) },
            { "SPINNING_", typeof(Spinning) }, { "GRAPH_HELP_", typeof(GraphHelp) },
        };
        int seen = 0;
        foreach (Match define in Regex.Matches(Read("include", "ncsn.h"), @"#define NCSN_(\w+) (-?\d+)"))
        {
            string name = define.Groups[1].Value;
            int value = int.Parse(define.Groups[2].Value, CultureInfo.InvariantCulture);
            if (name == "ABI_VERSION")
            {
                Expect.Equal(value, Library.AbiVersion, name);
                continue;
            }
            string prefix = enums.Keys.Where(name.StartsWith).OrderByDescending(one => one.Length).First();
            Type type = Regex.IsMatch(name, "^(F32|U8)_") ? typeof(OutputFormat) : enums[prefix];
            string member = Plain(name.Substring(prefix.Length));
            object found = Enum.GetValues(type).Cast<object>().FirstOrDefault(one => Plain(one.ToString()) == member);
            Expect.That(found != null, type.Name + " to have " + name);
            Expect.Equal(value, (int)found, name);
            seen++;
        }
        Expect.That(seen > 100, "all constants, not " + seen);
    }

    private static void Signatures()
    {
        MethodInfo[] imports = Binding.GetType("Ncsn.Native", true)
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Where(one => (one.Attributes & MethodAttributes.PinvokeImpl) != 0).ToArray();
        string[] symbols = Read("tests", "abi", "symbols.txt").Split(new[] { '\n' }, StringSplitOptions.RemoveEmptyEntries);
        Expect.Equal(string.Join(" ", symbols.OrderBy(one => one, StringComparer.Ordinal)),
            string.Join(" ", imports.Select(one => one.Name).OrderBy(one => one, StringComparer.Ordinal)), "functions");
        Type[] foreign = { typeof(bool), typeof(string), typeof(char), typeof(long), typeof(decimal) };
        foreach (MethodInfo import in imports)
            foreach (Type type in import.GetParameters().Select(one => one.ParameterType).Concat(new[] { import.ReturnType }))
                Expect.That(!foreign.Contains(type.IsByRef || type.IsArray ? type.GetElementType() : type),
                    import.Name + " to have no " + type.Name);
        foreach (Type type in Binding.GetTypes().Where(one => one.Name.StartsWith("ncsn_")))
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public))
                Expect.That(field.FieldType != typeof(bool) && !field.FieldType.IsClass, type.Name + "." + field.Name +
                    " to need no marshalling");
    }

    [DllImport("ncsn", CallingConvention = CallingConvention.Cdecl)]
    private static extern int ncsn_recommend_params_init(byte[] parameters, uint structSize);

    [DllImport("ncsn", CallingConvention = CallingConvention.Cdecl)]
    private static extern int ncsn_recommend(byte[] parameters, IntPtr sigmas, UIntPtr capacity, byte[] result);

    /// <summary>An assembly of another release has structs of another length; it works, or is told so.</summary>
    private static void StructSizes()
    {
        Recommendation wanted = Recommendation.For(new RecommendParameters { Dimension = 784, Diameter = 20 });
        // Up to `diameter`; as today; with a field more, left at zero; with a field more that is used.
        foreach (int size in new[] { 24, 64, 72, -72 })
        {
            byte[] parameters = new byte[Math.Abs(size)];
            Expect.Equal(0, ncsn_recommend_params_init(parameters, (uint)parameters.Length), "init of " + size);
            BitConverter.GetBytes(784L).CopyTo(parameters, 8);
            BitConverter.GetBytes(20.0).CopyTo(parameters, 16);
            if (size < 0)
                parameters[71] = 1;
            byte[] result = new byte[32];
            BitConverter.GetBytes(24u).CopyTo(result, 0);
            int status = ncsn_recommend(parameters, IntPtr.Zero, UIntPtr.Zero, result);
            Expect.Equal(size < 0 ? Status.ErrStructSize : Status.Ok, (Status)status, "struct of " + size);
            Expect.Equal(size < 0 ? 0 : wanted.Gamma, BitConverter.ToDouble(result, 16), "gamma");
            Expect.Equal(0.0, BitConverter.ToDouble(result, 24), "what an older struct has not");
        }
    }

    private static void NoUnsafe()
    {
        Expect.That(!Binding.GetTypes().SelectMany(one => one.GetMethods(BindingFlags.Static | BindingFlags.Instance |
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Any(one => one.GetParameters().Any(parameter => parameter.ParameterType.IsPointer)), "no pointers");
    }
}
