import { z } from 'zod'

const base64url = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\w-]+$/)

const text = z.string().max(32)

/** What `PublicKeyCredential.toJSON()` gives (WebAuthn L3 §5.1), without the extensions, of which none is asked for. */
const credential = {
  id: base64url(1400),
  rawId: base64url(1400),
  type: z.literal('public-key'),
}

const registrationSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(4096),
    attestationObject: base64url(12_000),
    transports: z.array(text).max(10).catch([]),
  }),
})

const assertionSchema = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(4096),
    authenticatorData: base64url(4096),
    signature: base64url(2048),
    userHandle: base64url(100)
      .nullish()
      .transform((value) => value ?? undefined),
  }),
})

export type RegistrationCredential = z.output<typeof registrationSchema>
export type AssertionCredential = z.output<typeof assertionSchema>

const clientDataSchema = z.object({ challenge: base64url(200) })

/** JSON, as text (in a field of a form) or read already. */
function parsed(given: unknown): unknown {
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given)
  } catch {
    return undefined
  }
}

/** The challenge that a credential answers; what else its client data says is checked with its signature. */
function challengeOf(clientDataJSON: string): string | undefined {
  const data = parsed(Buffer.from(clientDataJSON, 'base64url').toString('utf8'))
  return clientDataSchema.safeParse(data).data?.challenge
}

function read<Credential extends { response: { clientDataJSON: string } }>(
  schema: z.ZodType<Credential>,
  given: unknown,
): { credential: Credential; challenge: string } | undefined {
  const value = schema.safeParse(parsed(given)).data
  const challenge = value && challengeOf(value.response.clientDataJSON)
  return challenge === undefined || value === undefined ? undefined : { credential: value, challenge }
}

/** Undefined: it is none. */
export const readRegistration = (given: unknown) => read(registrationSchema, given)
export const readAssertion = (given: unknown) => read(assertionSchema, given)
