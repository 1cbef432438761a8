using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>The shared libraries of the drivers, under the names that systems without development packages have.</summary>
static class DriverLibraries
{
    static readonly string[] s_cuda = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    static readonly string[] s_openCl =
        OperatingSystem.IsWindows() ? ["OpenCL.dll"]
        : OperatingSystem.IsMacOS() ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"]
        : ["libOpenCL.so.1", "libOpenCL.so"];

    static readonly Lazy<nint> s_cudaHandle = new(() => Load(s_cuda));
    static readonly Lazy<nint> s_openClHandle = new(() => Load(s_openCl));
    static readonly Lazy<bool> s_registered = new(Register);

    /// <summary>True when NVIDIA's driver library is installed.</summary>
    public static bool HasCuda => s_cudaHandle.Value != 0;

    /// <summary>True when an OpenCL loader is installed.</summary>
    public static bool HasOpenCl => s_openClHandle.Value != 0;

    /// <summary>Makes ILGPU's calls and this assembly's find the libraries; to be called before the first of them.</summary>
    public static void Use() => _ = s_registered.Value;

    static bool Register()
    {
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(DriverLibraries).Assembly, Resolve);
        return true;
    }

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        "cuda" or "nvcuda" => s_cudaHandle.Value,
        "OpenCL" => s_openClHandle.Value,
        _ => 0,
    };

    static nint Load(string[] names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
            {
                return handle;
            }
        }

        return 0;
    }
}
