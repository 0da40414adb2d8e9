import type { AssertionCredential, RegistrationCredential } from './credentials.ts'
import type { RelyingParty } from './relying-party.ts'

/** EdDSA, ES256, RS256 (COSE), the best first: what the authenticators in use can do between them. */
export const ALGORITHMS = [-8, -7, -257]

/** What is kept of a new credential (WebAuthn §4, credential record). */
export interface CredentialRecord {
  credentialId: string
  /** COSE key, base64url. */
  publicKey: string
  counter: number
  transports: readonly string[]
  aaguid: string
  synced: boolean
  userVerified: boolean
}

/** Loaded when the first credential is verified: it takes 27 MB. */
let library: Promise<typeof import('@simplewebauthn/server')> | undefined
const webauthn = () => {
  library ??= import('@simplewebauthn/server')
  return library
}

/** Registering (WebAuthn §7.1). Undefined: the credential is not what was asked for. The challenge is checked before. */
export async function verifyRegistration(
  credential: RegistrationCredential,
  challenge: string,
  party: RelyingParty,
): Promise<CredentialRecord | undefined> {
  const { verifyRegistrationResponse } = await webauthn()
  const { transports } = credential.response
  try {
    const { registrationInfo } = await verifyRegistrationResponse({
      response: {
        ...credential,
        response: { ...credential.response, transports: [] },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    return (
      registrationInfo && {
        credentialId: registrationInfo.credential.id,
        publicKey: Buffer.from(registrationInfo.credential.publicKey).toString('base64url'),
        counter: registrationInfo.credential.counter,
        transports,
        aaguid: registrationInfo.aaguid,
        synced: registrationInfo.credentialDeviceType === 'multiDevice',
        userVerified: registrationInfo.userVerified,
      }
    )
  } catch {
    // The library throws an Error for whatever is wrong; its words are for its developers.
    return undefined
  }
}

/**
 * Signing in (WebAuthn §7.2) but for the signature counter, which the caller compares with the stored one: only a counter
 * that is signed says something. Undefined: the credential is not what was asked for. The challenge is checked before.
 */
export async function verifyAssertion(
  credential: AssertionCredential,
  challenge: string,
  party: RelyingParty,
  stored: { credentialId: string; publicKey: string },
): Promise<{ counter: number; userVerified: boolean } | undefined> {
  const { verifyAuthenticationResponse } = await webauthn()
  const { userHandle, ...response } = credential.response
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        ...credential,
        response: { ...response, ...(userHandle !== undefined && { userHandle }) },
        clientExtensionResults: {},
      },
      expectedChallenge: challenge,
      expectedOrigin: [...party.origins],
      expectedRPID: party.id,
      requireUserVerification: false,
      credential: {
        id: stored.credentialId,
        publicKey: Uint8Array.from(Buffer.from(stored.publicKey, 'base64url')),
        counter: 0,
      },
    })
    const { newCounter: counter, userVerified } = authenticationInfo
    return verified ? { counter, userVerified } : undefined
  } catch {
    return undefined
  }
}
