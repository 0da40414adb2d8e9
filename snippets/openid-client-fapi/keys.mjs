import { writeFileSync } from 'node:fs'

const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const { privateKey } = await crypto.subtle.generateKey(curve, true, ['sign', 'verify'])
const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey)
const publicJwk = { kty, crv, x, y, kid: crypto.randomUUID(), use: 'sig', alg: 'ES256' }
writeFileSync('private-key.jwk', JSON.stringify({ ...publicJwk, d }), { mode: 0o600, flag: 'wx' })
console.log(JSON.stringify(publicJwk))
