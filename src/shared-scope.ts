/** What it means for apps that several APIs have a scope of the same name. */
export const SHARED_SCOPE =
  'apps that ask for it have to send resource (or audience), and are refused without'
