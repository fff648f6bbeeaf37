// Runs after node-gyp-build has failed at install time. An install never fails for want of a compiler: it says what
// to do, once, and the first native call repeats it (NativeLoadError). CommonJS, and nothing but this file is needed.
const path = require('node:path');

const reason = (() => {
  try {
    require('node-gyp-build')(path.resolve(__dirname, '..'));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error);
  }
})();

if (reason !== undefined) {
  const tools =
    {
      linux: 'a C++20 compiler, make and Python 3 (Debian, Ubuntu: apt-get install g++ make python3)',
      darwin: 'the Xcode command line tools (xcode-select --install) and Python 3',
      win32: 'Visual Studio Build Tools with "Desktop development with C++", and Python 3',
    }[process.platform] ?? 'a C++20 compiler, make and Python 3';
  console.error(`palate: no usable native binary for ${process.platform}-${process.arch}, and it could not be compiled.
  Install ${tools}, then run: npm rebuild palate
  Until then palate can be imported, but its first native call throws. Reason: ${reason}`);
}
