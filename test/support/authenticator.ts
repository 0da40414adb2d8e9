import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { Latchkey } from './latchkey.ts'

/** How an authenticator behaves; each may be changed from one use to the next. */
export interface Behaviour {
  /** Where the browser says that it is. */
  origin: string
  rpId: string
  /** Whether it verifies its user (WebAuthn §6.1, UV). */
  verifies: boolean
  /** Whether its credentials are synced (BE and BS). */
  synced: boolean
  /** The next signature counter; 0: it has none. */
  counter: number
  aaguid: string
  /** What it says that it is asked for. */
  type?: string
}

/** An authenticator and its browser, in a few lines: for what no real one does, and for many tests a second. One credential. */
export interface SoftwareAuthenticator {
  behaviour: Behaviour
  credentialId: string
  /** What `navigator.credentials.create` gives, in JSON. */
  create(options: { challenge: string; user: { id: string } }): CredentialJson
  /** What `navigator.credentials.get` gives, in JSON. */
  get(options: { challenge: string }): CredentialJson
}

export interface CredentialJson {
  id: string
  rawId: string
  type: 'public-key'
  response: Record<string, unknown>
  clientExtensionResults: object
}

const base64url = (bytes: Buffer): string => bytes.toString('base64url')
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

/** CBOR (RFC 8949) of what a credential is made of: integers, texts, bytes, maps. */
function cbor(value: number | string | Buffer | Map<number | string, unknown>): Buffer {
  const head = (major: number, length: number): Buffer =>
    length < 24
      ? Buffer.from([(major << 5) | length])
      : length < 256
        ? Buffer.from([(major << 5) | 24, length])
        : Buffer.from([(major << 5) | 25, length >> 8, length & 255])
  if (typeof value === 'number') return value < 0 ? head(1, -value - 1) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  const entries = [...value].flatMap(([key, each]) => [cbor(key), cbor(each as never)])
  return Buffer.concat([head(5, value.size), ...entries])
}

/** The COSE key of an ES256 key pair (RFC 9053 §7.1.1). */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const entries: [number, unknown][] = [
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ]
  return cbor(new Map(entries))
}

export function createAuthenticator(
  issuer: string,
  behaviour: Partial<Behaviour> = {},
): SoftwareAuthenticator {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(32)
  let userHandle = ''
  const acts: Behaviour = {
    origin: new URL(issuer).origin,
    rpId: new URL(issuer).hostname,
    verifies: true,
    synced: false,
    counter: 1,
    aaguid: '00000000-0000-0000-0000-000000000000',
    ...behaviour,
  }

  const clientData = (type: string, challenge: string): Buffer =>
    Buffer.from(
      JSON.stringify({ type: acts.type ?? type, challenge, origin: acts.origin, crossOrigin: false }),
    )

  const authenticatorData = (attested?: Buffer): Buffer => {
    const flags = 1 | (acts.verifies ? 4 : 0) | (acts.synced ? 24 : 0) | (attested ? 64 : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(acts.counter)
    if (acts.counter > 0) acts.counter++
    return Buffer.concat([sha256(acts.rpId), Buffer.from([flags]), counter, ...(attested ? [attested] : [])])
  }

  const credential = (response: Record<string, unknown>): CredentialJson => ({
    id: base64url(id),
    rawId: base64url(id),
    type: 'public-key',
    response,
    clientExtensionResults: {},
  })

  return {
    behaviour: acts,
    credentialId: base64url(id),
    create({ challenge, user }) {
      userHandle = user.id
      const length = Buffer.from([0, id.length])
      const aaguid = Buffer.from(acts.aaguid.replaceAll('-', ''), 'hex')
      const authData = authenticatorData(Buffer.concat([aaguid, length, id, coseKey(publicKey)]))
      const attestation: [string, unknown][] = [
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]
      return credential({
        clientDataJSON: base64url(clientData('webauthn.create', challenge)),
        attestationObject: base64url(cbor(new Map(attestation))),
        transports: ['internal'],
      })
    },
    get({ challenge }) {
      const clientDataJSON = clientData('webauthn.get', challenge)
      const authData = authenticatorData()
      const signature = createSign('sha256')
        .update(Buffer.concat([authData, sha256(clientDataJSON)]))
        .sign(privateKey)
      return credential({
        clientDataJSON: base64url(clientDataJSON),
        authenticatorData: base64url(authData),
        signature: base64url(signature),
        userHandle,
      })
    },
  }
}

/** The options in the form of a page that asks for a passkey. */
export function passkeyOptions(page: { body: string }): { challenge: string; user: { id: string } } {
  const [, options] = /data-options="([^"]+)"/.exec(page.body) ?? []
  if (options === undefined) throw new Error(`no passkey is asked for: ${page.body.slice(0, 2000)}`)
  return JSON.parse(options.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&'))
}

/** Adds the passkey of this authenticator to an account, as its page does. */
export async function givePasskey(
  { services: { factors, accounts } }: Pick<Latchkey, 'services'>,
  user: { id: string; username: string },
  authenticator: SoftwareAuthenticator,
) {
  const { passkeys } = factors
  const options = await passkeys.registrationOptions({ ...user, displayName: user.username }, 'test')
  const generation = (await accounts.byId(user.id))?.generation ?? 0
  if (options === undefined) throw new Error('there is no such account')
  const by = { accountId: user.id, generation }
  const added = await passkeys.register(by, authenticator.create(options), 'test', 'A test')
  if (added.kind !== 'added') throw new Error(`the passkey was not added: ${JSON.stringify(added)}`)
  return added.passkey
}
