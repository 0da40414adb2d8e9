import { hash as argon2, argon2d, argon2i, argon2id } from 'argon2'
import { hashSync } from 'bcrypt'
import { describe, expect, test } from 'vitest'
import {
  type SaltedHash,
  storableHash,
  verifyForeign,
} from '../../src/accounts/passwords/foreign-hashes/hashes.ts'
import { createHasher, decoyHash } from '../../src/accounts/passwords/hashing.ts'

const password = 'lètmein'

const stored = (input: SaltedHash): string => {
  const result = storableHash(input)
  if ('problem' in result) throw new Error(result.problem)
  return result.stored
}
const problem = (hash: string, more: Omit<SaltedHash, 'hash'> = {}): string => {
  const result = storableHash({ hash, ...more })
  return 'problem' in result ? result.problem : ''
}

/**
 * Of “lètmein” with the salt “seasalt”, made by Python's hashlib and hmac as django.contrib.auth.hashers and
 * werkzeug.security put them together; the first two are of Django's own tests. The forms are documented at
 * docs.djangoproject.com/en/stable/topics/auth/passwords and werkzeug.palletsprojects.com/en/stable/utils.
 */
const MADE_BY_PYTHON: Record<string, SaltedHash> = {
  "Django's PBKDF2, of its tests": {
    hash: 'pbkdf2_sha256$24000$seasalt$V9DfCAVoweeLwxC/L2mb+7swhzF0XYdyQMqmusZqiTc=',
  },
  "Django's scrypt, of its tests": {
    hash: 'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
  },
  "Django's PBKDF2 with SHA-1": { hash: 'pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=' },
  "Django's scrypt with p 5": {
    hash: 'scrypt$1024$seasalt$8$5$ozpUt/qDR/QLBzi9csaWJofO252yHC+Oxl5cycNUQkna/BBjumDq5KMXPAq1Xi3sxxGWxqtAlQmEE+DSWNl+FQ==',
  },
  "Werkzeug's scrypt": {
    hash: 'scrypt:32768:8:1$seasalt$234adc1bad217ba78ba38755879749e79e0bd9e15594146d46e6420f2313e6228332c0781cdf9077cf34c4a818d359fe2eb589d29206092aba3cb6ee4afcac2f',
  },
  "Werkzeug's PBKDF2": {
    hash: 'pbkdf2:sha256:1000$seasalt$26066bc977b619af32b20e976f390ba537723d0ac7aac8a76cbf419e78605f80',
  },
  "Werkzeug's PBKDF2 with SHA-512": {
    hash: 'pbkdf2:sha512:1000$seasalt$32fa58cd16fdb7c20750ed54edc09c18f7c8f892dc15104e51b92dcbebc7997ccca063b71069f9643c45c2490e1d54f9e44973dd0733b36f853690ca523bff44',
  },
  "Werkzeug's old salted SHA-256": {
    hash: 'sha256$seasalt$3c1a6aeb2097e6d82535a3452a8b4a17ce56173a89bde96cc5f0371aebc39614',
  },
  'SHA-256 in hexadecimal': { hash: '1AF7EA1E8C993E69AA1FE000AEDD64A4586CC74B978BF3B951EDA5009D2EBA2D' },
  'SHA-256 of salt and password': {
    hash: 'e0327e0c88846ec7f85601380e86c72a5242e3455a1ae0f736f349858f126eb9',
    salt: 'seasalt',
    saltPosition: 'prefix',
  },
  'SHA-256 of password and salt': {
    hash: '31bef6c2888780a6503672c21e2e0fece6ac2fab6187edb255fad15e48f78859',
    salt: 'seasalt',
    saltPosition: 'suffix',
  },
}

describe('a hash that was made elsewhere', () => {
  test.each(Object.entries(MADE_BY_PYTHON))('%s', async (_name, input) => {
    expect(await verifyForeign(stored(input), password)).toBe(true)
    expect(await verifyForeign(stored(input), `${password}!`)).toBe(false)
    expect(await verifyForeign(stored(input), '')).toBe(false)
  })

  test('bcrypt as $2a$, $2b$ and $2y$, alone and under the names of Django', async () => {
    // Of the tests of crypt_blowfish (openwall.com/crypt).
    const openwall = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    for (const hash of [
      openwall,
      openwall.replace('2a', '2y'),
      openwall.replace('2a', '2b'),
      `bcrypt$${openwall}`,
    ])
      expect(await verifyForeign(stored({ hash }), 'U*U')).toBe(true)
    expect(await verifyForeign(openwall, 'U*V')).toBe(false)
    const { createHash } = await import('node:crypto')
    const django = `bcrypt_sha256$${hashSync(createHash('sha256').update(password).digest('hex'), 4)}`
    expect(await verifyForeign(stored({ hash: django }), password)).toBe(true)
    expect(await verifyForeign(stored({ hash: django }), 'letmein')).toBe(false)
  })

  test('bcrypt reads 72 bytes, as the system that made the hash did', async () => {
    const long = `${'é'.repeat(36)}the end`
    const hash = hashSync(long, 4)
    expect(await verifyForeign(hash, long)).toBe(true)
    expect(await verifyForeign(hash, `${'é'.repeat(36)}another end`)).toBe(true)
    expect(await verifyForeign(hash, 'é'.repeat(35))).toBe(false)
  })

  test.each([
    ['argon2i', argon2i],
    ['argon2d', argon2d],
    ['argon2id', argon2id],
  ] as const)('%s in the PHC form and under the name of Django', async (_name, type) => {
    const hash = await argon2(password, { type, memoryCost: 1024, timeCost: 2, parallelism: 2 })
    for (const input of [hash, `argon2${hash}`]) {
      expect(stored({ hash: input })).toBe(`argon2${hash}`)
      expect(await verifyForeign(stored({ hash: input }), password)).toBe(true)
      expect(await verifyForeign(stored({ hash: input }), 'letmein')).toBe(false)
    }
  })
})

describe('refused when it comes in', () => {
  test.each([
    ['$2b$17$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /bcrypt cost of 17, and more than 16/],
    [`pbkdf2_sha256$5000001$seasalt$${'A'.repeat(43)}=`, /iterations of 5000001, and more than 5000000/],
    [`pbkdf2:sha256:99999999999$s$${'0'.repeat(64)}`, /more than 5000000/],
    [`scrypt:1048576:8:1$salt$${'0'.repeat(128)}`, /N 1048576, r 8, p 1.*too much memory/],
    [`scrypt:131072:8:64$salt$${'0'.repeat(128)}`, /too much memory or time/],
    [`$argon2id$v=19$m=4194304,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`, /memory in KiB of 4194304/],
    [`$argon2id$v=19$m=262144,t=64,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`, /too long at each try/],
  ])('what would stop the server: %s', (hash, message) => {
    expect(problem(hash)).toMatch(message)
  })

  test.each([
    ['5f4dcc3b5aa765d61d8327deb882cf99', /no form that is known/],
    ['$6$rounds=5000$salt$hash', /no form that is known/],
    ['correct horse battery staple', /no form that is known/],
    ['md5$salt$5f4dcc3b5aa765d61d8327deb882cf99', /no form that is known/],
    ['', /no form that is known/],
    [`pbkdf2_sha256$1000$sea\0salt$${'A'.repeat(43)}=`, /no form that is known/],
    ['$2b$12$tooshort', /damaged/],
    ['$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /damaged/],
    ['$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', /damaged/],
    ['pbkdf2_md5$1000$seasalt$AAAA', /digest other than/],
    ['pbkdf2_sha256$0$seasalt$AAAA', /not a whole number/],
    ['pbkdf2_sha256$1e3$seasalt$AAAA', /not a whole number/],
    ['pbkdf2_sha256$1000$seasalt$AAAA', /32 bytes in base64/],
    [`pbkdf2_sha256$1000$$${'A'.repeat(43)}=`, /no salt/],
    // OpenSSL would throw at each sign-in.
    [`scrypt:65536:1:1$salt$${'0'.repeat(128)}`, /too large for its r/],
    [`scrypt:1000:8:1$salt$${'0'.repeat(128)}`, /power of two/],
    ['scrypt:1024:8:1$salt$00', /128 hexadecimal digits/],
    ['$argon2id$v=19$m=1024,t=2$AAAA$AAAA', /damaged/],
    [`$argon2i$m=1024,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`, /old version/],
    ['sha256$salt$00', /64 hexadecimal digits/],
    [`sha256$$${'0'.repeat(64)}$`, /part too many/],
  ])('what is unknown or damaged: %s', (hash, message) => {
    expect(problem(hash)).toMatch(message)
  })

  test('a salt that nothing needs, or without its place', () => {
    expect(problem('0'.repeat(64), { salt: 'seasalt' })).toMatch(/prefix or suffix/)
    expect(problem(hashSync('x', 4), { salt: 'seasalt', saltPosition: 'prefix' })).toMatch(/only a SHA-256/)
    expect(problem('0'.repeat(64), { salt: '', saltPosition: 'prefix' })).toMatch(/no salt/)
  })
})

describe('behind the hashing gate', () => {
  const hasher = createHasher({ clock: Date.now })

  test('a hash from elsewhere is checked, and is to be replaced', async () => {
    const hash = stored({ hash: await argon2(password, { type: argon2id, memoryCost: 65_536, timeCost: 3 }) })
    expect(await hasher.verify(hash, password)).toBe(true)
    expect(await hasher.verify(hash, 'letmein')).toBe(false)
    expect(hasher.needsRehash(hash)).toBe(true)
    expect(hasher.needsRehash(await hasher.hash(password))).toBe(false)
  })

  test.each([
    'scrypt:3:8:1$salt$00',
    '$2b$99$nothing',
    '$argon2id$v=19$m=19456,t=2,p=1$cut',
    decoyHash().slice(0, -30),
    'argon2$argon2id$',
    '',
    `pbkdf2_sha256$99999999999$s$${'A'.repeat(43)}=`,
  ])('a damaged stored hash is a wrong password, and no error: %j', async (hash) => {
    expect(await hasher.verify(hash, password)).toBe(false)
  })
})
