import { z } from 'zod'

const text = (max: number) =>
  z
    .string({ error: 'is missing' })
    .trim()
    .min(1, 'must not be empty')
    .max(max, `is longer than ${max} characters`)
    .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value.replaceAll(/[\n\t]/g, '')), 'has control characters')
    .transform((value) => value.normalize('NFC'))

/** A book as its owner writes it. Fields of a form are all text, so the year may be. */
export const bookFields = z.strictObject({
  title: text(200),
  author: text(200),
  description: text(2000).optional(),
  year: z.coerce
    .number({ error: 'must be a year' })
    .int('must be a year')
    .min(1, 'must be a year')
    .max(2100, 'must be a year')
    .optional(),
})
export type BookFields = z.output<typeof bookFields>

export const bookParams = z.object({ id: z.uuid() })

/** `cursor` is the `next_cursor` of the page before. */
export const listQuery = z.strictObject({
  search: z.string().trim().max(100, 'is longer than 100 characters').optional(),
  limit: z.coerce
    .number({ error: 'must be 1 to 100' })
    .int()
    .min(1, 'must be 1 to 100')
    .max(100, 'must be 1 to 100')
    .default(20),
  cursor: z
    .string()
    .regex(/^\d+$/, 'is not one of ours')
    .transform(Number)
    .refine(Number.isSafeInteger, 'is not one of ours')
    .optional(),
})
export type ListQuery = z.output<typeof listQuery>
