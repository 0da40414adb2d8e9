import { type FieldProblem, ValidationError } from '../shared/validation-error.ts'

/** Metadata that a client may not have. @param problems by RFC 7591 names */
export const refusedMetadata = (problems: readonly FieldProblem[]): ValidationError =>
  new ValidationError(problems, { code: 'invalid_client_metadata' })

/**
 * The problems of an error that has some by field, and further ones. Every other error is what it was.
 * @param known fields of which the further ones say all there is
 */
export const joined = (
  error: unknown,
  problems: readonly FieldProblem[],
  known: ReadonlySet<string> = new Set(),
): unknown =>
  error instanceof ValidationError
    ? refusedMetadata([...error.problems.filter(({ field }) => !known.has(field)), ...problems])
    : error
