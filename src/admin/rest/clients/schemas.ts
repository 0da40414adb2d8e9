import { z } from 'zod'
import type { Input } from '../../../clients/fields/kinds.ts'
import type { ClientField } from '../../../clients/fields/table.ts'
import { field, optionalBody } from '../schemas.ts'

const seconds = z.int().meta({ description: 'Seconds since the epoch.' })

const secret = z.object({
  id: z.string(),
  issued_at: seconds,
  expires_at: z.int().meta({ description: 'Seconds since the epoch; 0: until it is replaced.' }),
  last_used_at: z.int().nullable().meta({ description: 'To the hour; null: never.' }),
})

/** The type of each kind of field in JSON: in answers as a schema, in bodies as it is documented, since the service judges those. */
const TYPES: {
  readonly [Kind in Input['kind']]: {
    answer(input: Extract<Input, { kind: Kind }>): z.ZodType
    body: Readonly<Record<string, unknown>>
  }
} = {
  text: { answer: () => z.string(), body: { type: 'string' } },
  url: { answer: () => z.string(), body: { type: 'string' } },
  scopes: { answer: () => z.string(), body: { type: 'string' } },
  choice: { answer: ({ closed }) => (closed ? z.enum(closed) : z.string()), body: { type: 'string' } },
  lines: { answer: () => z.array(z.string()), body: { type: 'array', items: { type: 'string' } } },
  boxes: { answer: () => z.array(z.string()), body: { type: 'array', items: { type: 'string' } } },
  check: { answer: () => z.boolean(), body: { type: 'boolean' } },
  switch: { answer: () => z.boolean(), body: { type: 'boolean' } },
  seconds: { answer: () => z.int(), body: { type: 'integer' } },
  keys: { answer: () => z.looseObject({}), body: { type: 'object' } },
  written: { answer: () => z.union([z.string(), z.looseObject({})]), body: { type: ['string', 'object'] } },
}

const answerOf = ({ input, always, rest }: ClientField): z.ZodType => {
  const schema = (TYPES[input.kind] as { answer(input: Input): z.ZodType }).answer(input)
  const present = always ? schema : schema.optional()
  return rest?.answer === undefined ? present : present.meta({ description: rest.answer })
}

/** Exactly what is shown of a client: what a service adds to its view stays inside until it is named here. */
const shapeOf = (fields: readonly ClientField[]) => ({
  client_id: z.string().meta({ examples: ['lk_0f3c2a7d9be14c55a8d21f60c7e9b4aa'] }),
  client_id_issued_at: seconds,
  ...Object.fromEntries(
    fields.filter(({ rest }) => rest !== undefined).map((field) => [field.name, answerOf(field)]),
  ),
  pkce_raised: z
    .boolean()
    .optional()
    .meta({ description: 'True: required by itself, since it always used PKCE. Set auto to take it back.' }),
  disabled: z.boolean(),
  source: z.string().meta({ description: 'administrator, configuration, dynamic or open.' }),
  verified: z.boolean().meta({ description: 'False: it registered itself, and nobody has looked at it.' }),
  secrets: z.array(secret).meta({ description: 'Newest first; never their values.' }),
})

/** What is to be known of a client that was just made, changed or read. */
const warnings = z
  .array(z.string())
  .optional()
  .meta({ description: 'A scope that no API has, or that several have. Nothing is refused.' })

/** The schemas of clients, as answers and bodies have them. */
export function clientSchemas(fields: readonly ClientField[]) {
  const shape = shapeOf(fields)
  const body = Object.fromEntries(
    fields.flatMap(({ name, input, rest }) =>
      rest === undefined ? [] : [[name, field(TYPES[input.kind].body, rest.description, rest.example)]],
    ),
  )
  /** Other fields get through to the service, which refuses them along with everything else that is wrong. */
  const document = () => z.looseObject(body, { error: 'Send a JSON object.' })
  return {
    client: z.object(shape).meta({ id: 'Client', description: 'A client in the names of RFC 7591.' }),
    /** The only answers with a secret in them. */
    clientWithSecret: z
      .object({
        ...shape,
        warnings,
        client_secret: z
          .string()
          .optional()
          .meta({ description: 'Shown this once, when it was just created.' }),
        client_secret_expires_at: z.int().optional().meta({ description: '0: it does not expire.' }),
      })
      .meta({ id: 'ClientWithSecret' }),
    body: document().meta({
      examples: [
        {
          client_name: 'Photo Shop',
          redirect_uris: ['https://shop.example/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
    }),
    changes: document().meta({
      description: 'A JSON merge patch (RFC 7396): what is left out stays, null unsets, a list replaces.',
      examples: [{ client_name: 'Photo Shop', logo_uri: null }],
    }),
  }
}

export const rotatedSecret = z.object({
  client_id: z.string(),
  client_secret: z.string().meta({ description: 'Shown this once.' }),
  client_secret_expires_at: z.int(),
  previous_secret_expires_at: z.int().meta({
    description: 'Seconds since the epoch; 0: the one before works no more.',
  }),
})

export const rotateBody = optionalBody(
  {
    keep_old_seconds: z
      .int('Use a whole number of seconds.')
      .optional()
      .meta({ description: 'How long the secret before stays valid: 86400 unless given; 0 ends it now.' }),
  },
  { keep_old_seconds: 3600 },
)
