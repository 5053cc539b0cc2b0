using System.Reflection;

[assembly: AssemblyTitle("Ncsn")]
[assembly: AssemblyDescription("Draws samples from score networks with libncsn")]
[assembly: AssemblyVersion("1.0.0.0")]
[assembly: AssemblyFileVersion("1.0.0.0")]
