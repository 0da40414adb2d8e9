import type { FastifyRequest } from 'fastify'
import { Problem } from './problems.ts'

/** Bytes. */
export const MAX_COVER = 5 * 1024 * 1024

/** For @fastify/multipart: whatever exceeds them is 413. */
export const limits = {
  fileSize: MAX_COVER,
  files: 1,
  fields: 10,
  parts: 11,
  fieldSize: 16_384,
  headerPairs: 20,
}

/** A book as it was sent: the fields, not checked yet, and the file of the field “cover”. */
export interface Sent {
  fields: unknown
  cover: Buffer | undefined
}

/**
 * Reads JSON, or a form with a file. The file's name and type are not looked at: they are whatever the sender wrote.
 * @throws Problem 400 for a field twice, 413 for one that is too long, 422 for a file in another field
 */
export async function readBook(request: FastifyRequest): Promise<Sent> {
  if (!request.isMultipart()) return { fields: request.body, cover: undefined }
  const fields = new Map<string, unknown>()
  let cover: Buffer | undefined
  for await (const part of readable(request.parts())) {
    if (part.type === 'file') {
      const bytes = await part.toBuffer()
      if (part.fieldname !== 'cover')
        throw new Problem(422, 'invalid_fields', 'Send the file in the field “cover”.', {
          [part.fieldname]: ['is not known'],
        })
      // A form without a chosen file sends an empty one.
      if (bytes.length > 0) cover = bytes
      continue
    }
    if (part.valueTruncated || part.fieldnameTruncated)
      throw new Problem(413, 'payload_too_large', 'A field is too long.')
    if (fields.has(part.fieldname))
      throw new Problem(400, 'bad_request', 'A field is there twice.', {
        [part.fieldname]: ['is there twice'],
      })
    if (part.value !== '') fields.set(part.fieldname, part.value)
  }
  return { fields: Object.fromEntries(fields), cover }
}

/** The parser's own errors for a form that breaks off or is none have no status. */
async function* readable<Part>(parts: AsyncIterable<Part>): AsyncGenerator<Part> {
  try {
    yield* parts
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error) throw error
    throw new Problem(400, 'bad_request', 'The form cannot be read.')
  }
}
