import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'

const uploads = new WeakMap<FastifyRequest, Map<string, Uint8Array>>()

/** The file of a field of a form that `acceptUpload` has read; undefined: none was chosen. */
export const uploadOf = (request: FastifyRequest, name: string): Uint8Array | undefined =>
  uploads.get(request)?.get(name)

const unreadable = () => new AppError('invalid_form', 400, message('error.form.unreadable'))

/**
 * Lets the forms of a context be multipart/form-data (RFC 7578), with a file or more among their fields. The fields are the body, as
 * of any form; in place of the file it has its SHA-256, so that the same form sent twice is known. Read by the parser of the
 * runtime, from memory.
 * @param options.maxBytes of the whole form; what is larger is rejected (413) before it is read
 * @param options.files the fields that may hold one
 */
export function acceptUpload(
  context: FastifyInstance,
  { maxBytes, files }: { maxBytes: number; files: readonly string[] },
): void {
  context.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: maxBytes },
    async (request: FastifyRequest, body: Buffer) => {
      const headers = { 'content-type': request.headers['content-type'] ?? '' }
      const form = await new Response(new Uint8Array(body), { headers }).formData().catch(() => {
        throw unreadable()
      })
      const fields: Record<string, string> = Object.create(null)
      for (const [name, value] of form) {
        if (Object.hasOwn(fields, name)) throw unreadable()
        fields[name] = typeof value === 'string' ? value : await keep(request, files, name, value)
        if (fields[name].includes('\0')) throw unreadable()
      }
      return fields
    },
  )
}

/** An input without a file is sent as an empty one. */
async function keep(
  request: FastifyRequest,
  files: readonly string[],
  name: string,
  file: Blob,
): Promise<string> {
  if (!files.includes(name)) throw unreadable()
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (bytes.length === 0) return ''
  const kept = uploads.get(request) ?? new Map<string, Uint8Array>()
  uploads.set(request, kept.set(name, bytes))
  return createHash('sha256').update(bytes).digest('base64url')
}
