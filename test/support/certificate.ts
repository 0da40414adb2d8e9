import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** Parts of DER (X.690): a tag, a length, and what is inside. */
const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const long = length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, ...long]), body])
}
const sequence = (...parts: Buffer[]) => tagged(0x30, ...parts)
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const time = (at: number) =>
  tagged(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')}`))

const YEAR = 365 * 86_400_000
const ECDSA_SHA256 = sequence(bytes('06082a8648ce3d040302'))

/** A certificate that is its own authority, for one host (RFC 5280), and its key; both in PEM. */
export function createCertificate(host: string): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(tagged(0x31, sequence(bytes('0603550403'), tagged(0x0c, Buffer.from(host)))))
  const names = tagged(0x04, sequence(tagged(0x82, Buffer.from(host))))
  const authority = tagged(0x04, sequence(bytes('0101ff')))
  const extensions = sequence(
    sequence(bytes('0603551d11'), names),
    sequence(bytes('0603551d13'), bytes('0101ff'), authority),
  )
  const body = sequence(
    tagged(0xa0, bytes('020102')),
    bytes('020101'),
    ECDSA_SHA256,
    name,
    sequence(time(Date.now() - YEAR), time(Date.now() + YEAR)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, extensions),
  )
  return { cert: pem(body, privateKey), key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
}

function pem(body: Buffer, key: KeyObject): string {
  const signature = tagged(0x03, Buffer.from([0]), sign('sha256', body, key))
  const lines =
    sequence(body, ECDSA_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
