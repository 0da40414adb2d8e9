import type { DirectHandler } from '../../http/direct.ts'

/**
 * Answers the plain case of an endpoint without the protocol library, byte for byte as the library would. Undefined: the request
 * is none of the plain case, or will be answered by an error; the library gets it as it was, with its body parsed already. docs/decisions/0034-fast-paths.md
 */
export type FastPath = DirectHandler

/** The headers of an answer that is JSON, made for this request, and may be read by scripts. @param exposed headers that these see */
export const jsonHeaders = (exposed: string): readonly string[] => [
  ...['content-type', 'application/json; charset=utf-8'],
  ...['cache-control', 'no-store'],
  ...['vary', 'Origin'],
  ...['access-control-allow-origin', '*'],
  ...['access-control-expose-headers', exposed],
]
