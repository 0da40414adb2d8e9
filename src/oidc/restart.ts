import type { Interaction } from 'oidc-provider'
import { routes } from './provider.ts'

/** Where a flow begins again. Undefined: its request was pushed (RFC 9126), and works once. */
export function restartOf(params: Interaction['params']): string | undefined {
  if (params.request_uri !== undefined) return undefined
  const sent = Object.entries(params).filter((each): each is [string, string] => typeof each[1] === 'string')
  return `${routes.authorization}?${new URLSearchParams(sent)}`
}
