import { hash as digest } from 'node:crypto'
import { compare } from 'bcrypt'
import { cost, RefusedHash, type Scheme } from './scheme.ts'

/** Four seconds or so; each step doubles it. */
const MAX_COST = 16

/** The modular form of OpenBSD and PHP: prefix, cost, 22 characters of salt and 31 of hash. */
const MODULAR = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/**
 * $2a$, $2b$ and $2y$: names of one algorithm, after bugs in old implementations. All are checked as $2b$, which reads
 * the first 72 bytes of a password and no more, as the system that made the hash did. Also with Django's names in front
 * (django.contrib.auth.hashers): `bcrypt$` for the password itself, `bcrypt_sha256$` for its SHA-256 in hexadecimal.
 */
export const bcryptHash: Scheme = (hash) => {
  const [, name, modular = ''] = /^(?:(bcrypt|bcrypt_sha256)\$)?(\$2.*)$/s.exec(hash) ?? []
  if (modular === '') return undefined
  const rounds = MODULAR.exec(modular)?.[1]
  if (rounds === undefined || Number(rounds) < 4)
    throw new RefusedHash('is damaged: it is no whole bcrypt hash')
  cost(String(Number(rounds)), 'bcrypt cost', MAX_COST)
  const canonical = `$2b$${modular.slice(4)}`
  return {
    verify: (password) =>
      compare(name === 'bcrypt_sha256' ? digest('sha256', password, 'hex') : password, canonical),
  }
}
