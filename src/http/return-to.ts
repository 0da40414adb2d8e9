/**
 * Where to go after signing in, taken from a request: never off this site (RFC 9700 §4.11.2).
 * @param value what the request asked for: a path on this site that starts with one slash
 * @returns path, query and fragment; `fallback` for everything else
 */
export function safeReturnTo(issuer: URL, value: unknown, fallback = '/account'): string {
  if (typeof value !== 'string' || value.length > 2048) return fallback
  // Browsers read a backslash as a slash and drop tabs and newlines, so `/\t/evil.example` leaves the site.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/^\/(?!\/)/.test(value) || /[\\\u0000-\u0020\u007f-\u009f]/.test(value)) return fallback
  const url = URL.parse(value, issuer.origin)
  if (url === null || url.origin !== issuer.origin) return fallback
  const path = url.pathname + url.search + url.hash
  // Dot segments may collapse into a leading `//` (`/.//evil.example`).
  return path.startsWith('//') ? fallback : path
}
