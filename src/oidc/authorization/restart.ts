import type { Interaction } from 'oidc-provider'
import { routes } from '../provider/routes.ts'

/**
 * Where an interaction begins again: one of a device by entering its code. Undefined: its request was pushed (RFC 9126), and works once;
 * or it was signed (RFC 9101), and its parameters are no signed request any more. A client that has to push or sign would only get
 * an error.
 */
export function restartOf({
  params,
  parJti,
  deviceCode,
  trusted,
}: Pick<Interaction, 'params' | 'deviceCode' | 'trusted'> & { parJti?: string }): string | undefined {
  if (deviceCode !== undefined) return `${routes.code_verification}?problem=over`
  if (parJti !== undefined || trusted?.length) return undefined
  const sent = Object.entries(params).flatMap(([name, value]) =>
    [value].flat().flatMap((each): [string, string][] => (typeof each === 'string' ? [[name, each]] : [])),
  )
  return `${routes.authorization}?${new URLSearchParams(sent)}`
}
