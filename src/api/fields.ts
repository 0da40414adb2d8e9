import { z } from 'zod'

/** Bounds and presence only: what a value has to be like, and the words for it, is the services' to say. */
export const text = (max: number) =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'This field is missing.' : 'This must be text.') })
    .max(max, `Use at most ${max} characters.`)

/** An object whose fields are all known. */
export const body = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, { error: 'Send a JSON object.' })

export const currentPassword = text(1024).optional()

export const timestamp = z.iso.datetime().meta({ examples: ['2026-11-22T12:00:00.000Z'] })

/** Of an act that needs no more than a proof; with a fresh sign-in it may be left out. Fastify validates a body that was not sent as null. */
export const proofBody = z.preprocess(
  (sent) => sent ?? {},
  body({ current_password: currentPassword }).meta({
    examples: [{ current_password: 'glass otter 72 harbour' }],
  }),
)
