import { ConfigError } from '../config.ts'
import { AppError } from '../shared/errors.ts'
import { problemLines } from '../shared/problem-lines.ts'
import { ValidationError } from '../shared/validation-error.ts'
import { CliError } from './context.ts'

/** What went wrong, one plain line a problem. `nameOf` turns the name of a field into that of an option. */
export function errorLines(error: unknown, nameOf: (field: string) => string): readonly string[] {
  if (error instanceof CliError) return error.lines
  if (error instanceof ConfigError) return error.problems
  if (error instanceof ValidationError) {
    // A setting is an argument, by its name: a field of clients may be called the same.
    const named = error.code === 'invalid_settings' ? (field: string) => field : nameOf
    return problemLines(error.problems.map((each) => ({ ...each, field: named(each.field) }))).split('\n')
  }
  if (error instanceof AppError) return error.status < 500 ? [error.publicMessage] : withCauses(error)
  if (error instanceof Error) return withCauses(error)
  return [String(error)]
}

/** The operator runs commands and server alike: the internal half of an error is for them. */
function withCauses(error: Error): string[] {
  const lines = [error.message]
  for (let cause = error.cause; cause instanceof Error && lines.length < 5; cause = cause.cause) {
    if (!lines.some((line) => line.includes((cause as Error).message)))
      lines.push(`because: ${cause.message}`)
  }
  return lines
}
