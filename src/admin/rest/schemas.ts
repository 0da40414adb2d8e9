import { z } from 'zod'

/** A list of these. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
  })

export const idParams = z.object({ id: z.string().max(500) })

/** RFC 3339, UTC. */
export const time = (milliseconds: number): string => new Date(milliseconds).toISOString()
export const timeOrNull = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : time(milliseconds)
export const timestamp = z.string().meta({ format: 'date-time', examples: ['2026-11-25T09:30:00.000Z'] })

/** A body field whose rules and words are the service's: every problem of a body is told at once. */
export const field = (schema: Record<string, unknown>, description: string, example?: unknown) =>
  z
    .unknown()
    .optional()
    .meta({ ...schema, description, ...(example !== undefined && { examples: [example] }) })

export const text = (description: string, example?: unknown) =>
  field({ type: 'string' }, description, example)
export const list = (description: string, example?: unknown) =>
  field({ type: 'array', items: { type: 'string' } }, description, example)
export const flag = (description: string) => field({ type: 'boolean' }, description)

/** Of a body that may be left out; Fastify validates one that was not sent as null. */
export const optionalBody = <Shape extends z.core.$ZodLooseShape>(shape: Shape, example: object) =>
  z.preprocess(
    (sent) => sent ?? {},
    z.strictObject(shape, { error: 'Send a JSON object.' }).meta({ examples: [example] }),
  )
