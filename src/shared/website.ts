/** Where a website is. The authority of any other scheme is text that the client chose, and no host. */
export function websiteOf(uri: unknown): URL | undefined {
  const url = typeof uri === 'string' ? URL.parse(uri) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}
