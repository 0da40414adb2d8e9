/**
 * The JSON object in one part of a JWT (RFC 7519 §3): what the token says of itself, unverified. Undefined: there is none.
 * @param part base64url
 */
export function jsonPart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
