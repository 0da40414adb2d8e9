import { createHmac, hash as digest } from 'node:crypto'
import { fromHex, RefusedHash, type Scheme, saltOf, same } from './scheme.ts'

/**
 * One SHA-256, which is no password hash: an attacker who steals it can guess a billion passwords a second. It lives here until
 * the first sign-in.
 *
 *   sha256$$hex               of the password
 *   sha256$salt$hex           HMAC with the salt as key: Werkzeug before 3.0 (werkzeug.security)
 *   sha256-prefix$salt$hex    of the salt (base64url here) and the password; -suffix the other way round
 */
export const sha256Hash: Scheme = (hash) => {
  if (!/^sha256(-prefix|-suffix)?\$/.test(hash)) return undefined
  const [form = '', salt = '', value, more] = hash.split('$')
  if (more !== undefined) throw new RefusedHash('is damaged: it has a part too many')
  const expected = fromHex(value, 32)
  return { verify: async (password) => same(computed(form, salt, password), expected) }
}

function computed(form: string, salt: string, password: string): Buffer {
  const text = Buffer.from(salt, 'base64url').toString()
  if (form === 'sha256-prefix') return digest('sha256', text + password, 'buffer')
  if (form === 'sha256-suffix') return digest('sha256', password + text, 'buffer')
  return salt === ''
    ? digest('sha256', password, 'buffer')
    : createHmac('sha256', salt).update(password).digest()
}

/** The stored form of a hash whose salt is given beside it. @throws RefusedHash */
export function storedSha256(hash: string, salt: string, position: 'prefix' | 'suffix' | undefined): string {
  if (!/^[0-9a-f]{64}$/i.test(hash))
    throw new RefusedHash('has a salt beside it, which only a SHA-256 in hexadecimal needs')
  if (position === undefined)
    throw new RefusedHash('has a salt: say in password_salt_position if it came as prefix or suffix')
  return `sha256-${position}$${Buffer.from(saltOf(salt)).toString('base64url')}$${hash.toLowerCase()}`
}
