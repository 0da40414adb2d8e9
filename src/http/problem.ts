import { STATUS_CODES } from 'node:http'

/** A problem details object (RFC 9457 §3.1) with the members our API adds. `type` is about:blank, so left out. */
export interface Problem {
  title: string
  status: number
  detail: string
  /** Stable, machine-readable, snake_case. */
  code: string
  request_id: string
  /** Messages by field name. */
  errors?: Record<string, string[]>
}

export function problem(
  status: number,
  code: string,
  detail: string,
  requestId: string,
  errors?: Record<string, string[]>,
): Problem {
  const title = STATUS_CODES[status] ?? 'Error'
  return { title, status, detail, code, request_id: requestId, ...(errors && { errors }) }
}
