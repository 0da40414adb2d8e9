import { z } from 'zod'
import {
  type DescribedField,
  identifyingFields,
  type ProfileProperty,
  personalFields,
  type RestNameOf,
} from '../shared/profile/fields.ts'
import { VERIFICATION_METHODS } from '../shared/second-factor.ts'
import { body, currentPassword, text } from './fields.ts'

const PASSWORD = 'glass otter 72 harbour'
const TOKEN = 'p0vAtdSAnBcMRJHZXdxa1pVmxMEcKjgfFWjvtZoSxrQ'

/** Fields of a person; names alone where an account is made. */
const claims = <Property extends ProfileProperty>(fields: readonly DescribedField<Property>[]) =>
  Object.fromEntries(
    fields.map(({ rest, input, example }) => [
      rest,
      text(input === 'url' ? 2000 : 400)
        .nullable()
        .optional()
        .meta({ description: 'Empty or null: none.', examples: [example] }),
    ]),
  ) as Record<RestNameOf<Property>, z.ZodOptional<z.ZodNullable<z.ZodString>>>
const email = text(320).meta({ examples: ['ada@example.com'] })
const username = text(256).meta({ examples: ['ada'] })
const password = text(1024)
  .min(1, 'This field is missing.')
  .meta({ examples: [PASSWORD] })
/** Read by programs that have a form of their own: the error beside it says what is wrong in each case. */
const RULES_OF_PASSWORDS =
  'At least 15 characters unless the server says otherwise, at most 128, of any kind. One that is guessable or known to be stolen is refused; the error says why.'
const newPassword = text(1024).meta({
  description: RULES_OF_PASSWORDS,
  examples: ['copper lantern 19 meadow'],
})
const token = text(2048).meta({ examples: [TOKEN] })

export const registerBody = body({
  username,
  email,
  password: password.meta({ description: RULES_OF_PASSWORDS, examples: [PASSWORD] }),
  ...claims(identifyingFields),
}).meta({
  examples: [
    {
      username: 'ada',
      email: 'ada@example.com',
      password: PASSWORD,
      first_name: 'Ada',
      last_name: 'Lovelace',
    },
  ],
})

/** One of the two names; a username field takes an address too, as most clients have only one field. */
export const credentialsBody = body({
  username: text(320)
    .optional()
    .meta({ description: 'Username or email address.', examples: ['ada'] }),
  email: text(320).optional().meta({ description: 'Instead of `username`.' }),
  password,
})
  .refine(({ username, email }) => (username === undefined) !== (email === undefined), {
    path: ['username'],
    error: 'Send a username or an email address, one of the two.',
  })
  .meta({ examples: [{ username: 'ada', password: PASSWORD }] })
  .transform(({ username, email, password }) => ({ identifier: username ?? email ?? '', password }))

export const refreshBody = body({ refresh_token: token }).meta({ examples: [{ refresh_token: TOKEN }] })

export const secondFactorBody = body({
  mfa_token: text(100).meta({ description: 'Of the answer to the first step.' }),
  method: z.enum(VERIFICATION_METHODS).meta({ description: 'One of its `methods`.' }),
  code: text(64)
    .optional()
    .meta({ description: 'Of all methods but `passkey`.', examples: ['492039'] }),
  credential: z
    .looseObject({})
    .optional()
    .meta({ description: 'With `passkey`: what the browser answered to the options, in JSON (`toJSON()`).' }),
})
  .refine(({ method, code, credential }) => (method === 'passkey' ? credential : code) !== undefined, {
    path: ['code'],
    error: 'Send a code; with the method passkey, a credential.',
  })
  .meta({ examples: [{ mfa_token: TOKEN, method: 'totp', code: '492039' }] })

export const challengeBody = body({
  mfa_token: text(100).meta({ description: 'Of the answer to the first step.' }),
  method: z
    .enum(['passkey', 'email', 'sms'])
    .meta({ description: 'One of its `methods` that begins with a challenge.' }),
}).meta({ examples: [{ mfa_token: TOKEN, method: 'passkey' }] })

export const challenge = z.object({
  public_key: z.looseObject({}).optional().meta({
    description:
      'Of `passkey`: for `PublicKeyCredential.parseRequestOptionsFromJSON` and `navigator.credentials.get`.',
  }),
})

/** Fastify validates a body that was not sent as null. */
export const logoutBody = z.preprocess(
  (sent) => sent ?? {},
  body({ refresh_token: token.optional() }).meta({ examples: [{ refresh_token: TOKEN }] }),
)

export const profileChanges = body({
  ...claims(personalFields),
  attributes: z
    .record(z.string(), z.unknown(), 'Give the attributes by their names.')
    .optional()
    .meta({
      description:
        'Of the attributes that administrators have defined, those that people change themselves; null empties one, those left out stay.',
      examples: [{ department: 'Sales' }],
    }),
  email: email.optional().meta({ description: 'Counts once the link that is sent to it was followed.' }),
  new_password: newPassword.optional(),
  current_password: currentPassword.meta({
    description:
      'Needed with `email` and `new_password`, and with another `phone_number` in the place of a verified one unless the sign-in is fresh.',
  }),
})
  .refine(
    ({ email, new_password, current_password: _, ...claims }) => {
      const changed = Object.values(claims).find((value) => value !== undefined)
      return [changed, email, new_password].filter((value) => value !== undefined).length <= 1
    },
    { error: 'Change names, the email address or the password, one of the three at a time.' },
  )
  .meta({ examples: [{ first_name: 'Ada', last_name: 'King' }] })

export const closeBody = body({ password }).meta({ examples: [{ password: PASSWORD }] })

export const forgotBody = body({ email }).meta({ examples: [{ email: 'ada@example.com' }] })

/** Fastify validates a body that was not sent as null. */
export const sendVerificationBody = z.preprocess(
  (sent) => sent ?? {},
  body({ email: email.optional() }).meta({ examples: [{ email: 'ada@example.com' }] }),
)

export const resetBody = body({ token, new_password: newPassword }).meta({
  examples: [{ token: TOKEN, new_password: 'copper lantern 19 meadow' }],
})

export const providerParams = z.object({
  provider: z
    .string()
    .max(64)
    .meta({ examples: ['github'] }),
})

/** RFC 7636 §4.3; S256 alone. Unknown parameters are left alone: links get some added on their way. */
export const upstreamQuery = z
  .object({
    code_challenge: z
      .string()
      .regex(/^[\w-]{43}$/, 'Send the SHA-256 of the verifier in base64url: 43 characters.')
      .optional()
      .meta({ description: 'Ends in a one-time code instead of tokens.' }),
    code_challenge_method: z.literal('S256', 'Only S256 is known.').optional(),
  })
  .refine(
    ({ code_challenge, code_challenge_method: method }) =>
      (code_challenge === undefined) === (method === undefined),
    {
      path: ['code_challenge_method'],
      error: 'Send code_challenge and code_challenge_method=S256 together.',
    },
  )

export const exchangeBody = body({
  code: token,
  code_verifier: text(128).regex(/^[\w.~-]{43,128}$/, 'A verifier has 43 to 128 characters (RFC 7636 §4.1).'),
}).meta({ examples: [{ code: TOKEN, code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' }] })

export const verifyParams = z.object({ token: z.string().max(512) })

export const tokenSet = z
  .object({
    access_token: z.string().meta({ examples: ['Bb2bGV4YJ9N2qN5Hq2u0YqfLxN2b8rBqTTBKAlwpPRm'] }),
    refresh_token: z.string().meta({ examples: [TOKEN] }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds until the access token expires.', examples: [3600] }),
  })
  .meta({ id: 'Tokens' })

export const basicToken = z.object({
  token: z.string().meta({ examples: ['Bb2bGV4YJ9N2qN5Hq2u0YqfLxN2b8rBqTTBKAlwpPRm'] }),
  expiration: z.int().meta({ description: 'Seconds until the token expires.', examples: [3600] }),
})

export const profile = z
  .object({
    id: z.string().meta({ examples: ['7f7b6c3e-9a54-4a39-8b0e-6b1de8c1a8f0'] }),
    username: z.string().meta({ examples: ['ada'] }),
    email: z
      .string()
      .nullable()
      .meta({ description: 'Proven.', examples: ['ada@example.com'] }),
    ...Object.fromEntries(
      personalFields.map(({ rest, example }) => [rest, z.string().meta({ examples: [example] })]),
    ),
    attributes: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
      .optional()
      .meta({
        description:
          'Attributes that administrators have defined and that you may see; left out where none has a value.',
        examples: [{ department: 'Sales' }],
      }),
    is_active: z.boolean().meta({ examples: [true] }),
    is_staff: z
      .boolean()
      .meta({ description: 'Auditor, administrator, or an administrator role.', examples: [false] }),
    is_superuser: z.boolean().meta({ description: 'Administrator.', examples: [false] }),
    email_verified: z.boolean().meta({ examples: [true] }),
  })
  .meta({ id: 'Profile' })

export const verified = z.object({ email_verified: z.literal(true) })
