import { isIP } from 'node:net'

/** What passkeys are made for and used on (WebAuthn §4, Relying Party). */
export interface RelyingParty {
  /** The RP ID: the host of the issuer. Passkeys of another host are none here, so a new host ends them all. */
  id: string
  /** Where pages may stand that ask for a passkey: the issuer's origin, and related ones (WebAuthn L3 §5.11). */
  readonly origins: readonly string[]
}

/**
 * Why no browser makes a passkey for an issuer, whatever the settings say: a passkey belongs to a host name (WebAuthn §5.1.3: the RP ID is a
 * domain). An issuer is on https or on this machine, which browsers ask for too.
 */
export const obstacleOf = ({ hostname }: URL): 'ip_address' | undefined =>
  isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0 ? undefined : 'ip_address'

/** @param settings.passkeyOrigins read at each use */
export const relyingPartyOf = (
  issuer: URL,
  settings: { readonly passkeyOrigins: readonly string[] },
): RelyingParty => ({
  id: issuer.hostname,
  get origins() {
    return [issuer.origin, ...settings.passkeyOrigins]
  },
})
