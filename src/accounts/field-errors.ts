import type { ZodError } from 'zod'
import { AppError } from '../errors.ts'

/** A refusal of single fields: one plain sentence each, to be shown beside the field. Status 422. */
export class FieldErrors extends AppError {
  readonly errors: Readonly<Record<string, string>>

  constructor(errors: Record<string, string>, status = 422) {
    super('invalid_fields', status, 'Some fields need another look.', {
      detail: `refused fields: ${Object.keys(errors).join(', ')}`,
    })
    this.errors = errors
  }
}

/** The first message of each field; of an object, of each part (`address.country`). What belongs to no field is under “form”. */
export function fieldErrorsOf(error: ZodError): Record<string, string> {
  const errors: Record<string, string> = {}
  for (const issue of error.issues) errors[issue.path.join('.') || 'form'] ??= issue.message
  return errors
}
