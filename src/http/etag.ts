import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError, VersionConflict } from '../shared/errors.ts'

/** The header of an operation that takes it, for the OpenAPI document. */
export const ifMatch = {
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'The `ETag` of what is meant. Anything newer is answered 412 and stays as it is.' }),
}

/** RFC 9110 §8.8.3, strong. */
export const sendEtag = (reply: FastifyReply, version: string | number): void =>
  void reply.header('etag', `"${version}"`)

const changed = (cause?: unknown) =>
  new AppError(
    'precondition_failed',
    412,
    'This was changed since you read it. Read it again, and repeat your change if it is still right.',
    { cause },
  )

/**
 * Whether a write is meant for the present state (RFC 9110 §13.1.1). True: the request names it, and the write has to
 * be refused should it change until then. False: it names none, or any.
 * @throws AppError precondition_failed (412)
 */
export function requireMatch(request: FastifyRequest, version: string | number): boolean {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return false
  // Weak tags never match.
  if (header.split(',').some((tag) => tag.trim() === `"${version}"`)) return true
  throw changed()
}

/** Turns the `VersionConflict` of a write, which another request was faster than, into 412. @throws AppError precondition_failed */
export async function orFailed<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw error instanceof VersionConflict ? changed(error) : error
  }
}
