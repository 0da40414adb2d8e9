import { ALGORITHMS } from './ceremonies.ts'
import { CHALLENGE_TTL } from './challenges.ts'
import type { RelyingParty } from './relying-party.ts'

/** Names a credential to the browser, and how it may reach it. */
interface Descriptor {
  type: 'public-key'
  id: string
  transports: string[]
}

/** PublicKeyCredentialCreationOptionsJSON (WebAuthn L3 §5.1.8), as far as it is used. */
export interface CreationOptions {
  challenge: string
  rp: { id: string; name: string }
  user: { id: string; name: string; displayName: string }
  pubKeyCredParams: { type: 'public-key'; alg: number }[]
  timeout: number
  attestation: 'none'
  excludeCredentials: Descriptor[]
  authenticatorSelection: {
    residentKey: 'required'
    requireResidentKey: true
    userVerification: 'preferred'
  }
}

/** PublicKeyCredentialRequestOptionsJSON (WebAuthn L3 §5.1.9), as far as it is used. */
export interface RequestOptions {
  challenge: string
  rpId: string
  allowCredentials: Descriptor[]
  timeout: number
  userVerification: 'required' | 'preferred'
}

const TIMEOUT = CHALLENGE_TTL * 1000

const descriptor = ({
  credentialId,
  transports,
}: {
  credentialId: string
  transports: readonly string[]
}): Descriptor => ({ type: 'public-key', id: credentialId, transports: [...transports] })

type Existing = Parameters<typeof descriptor>[0]

/** A discoverable credential, so that it signs in without a name being typed; no attestation, which would tell of the device. */
export const creationOptions = (of: {
  party: RelyingParty
  service: string
  user: { id: string; username: string; displayName: string }
  challenge: string
  /** An authenticator that keeps one of these makes no second one. */
  existing: readonly Existing[]
}): CreationOptions => ({
  challenge: of.challenge,
  rp: { id: of.party.id, name: of.service },
  user: { id: of.user.id, name: of.user.username, displayName: of.user.displayName },
  pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
  timeout: TIMEOUT,
  attestation: 'none',
  excludeCredentials: of.existing.map(descriptor),
  authenticatorSelection: {
    residentKey: 'required',
    requireResidentKey: true,
    userVerification: 'preferred',
  },
})

/** @param of.allowed one of these; undefined: any that the browser finds, which has to verify its user */
export const requestOptions = (of: {
  party: RelyingParty
  challenge: string
  allowed: readonly Existing[] | undefined
}): RequestOptions => ({
  challenge: of.challenge,
  rpId: of.party.id,
  allowCredentials: of.allowed?.map(descriptor) ?? [],
  timeout: TIMEOUT,
  userVerification: of.allowed === undefined ? 'required' : 'preferred',
})
