import type { z } from 'zod'
import { AppError } from './errors.ts'
import { type Message, t, message as text } from './locales/texts.ts'
import { own } from './own.ts'
import { problemLines } from './problem-lines.ts'

/** One thing that is wrong with an input, and a way out. */
export interface FieldProblem {
  /** By the name that the caller used; of an object, of its part (`address.country`). */
  field: string
  /** A sentence for people. */
  message: string
}

/**
 * An input that is refused, with everything that is wrong with it at once. The response shows it in full.
 *
 * Where a field has other names, at an API or in a form, it is translated once, at that edge (`rename`).
 */
export class ValidationError extends AppError {
  readonly problems: readonly FieldProblem[]

  /**
   * @param problems by field, or a list where one has several
   * @param options.code RFC 7591 §3.2.2 names one: invalid_client_metadata
   * @param options.message all of it in words; what is wrong, a line each, unless given
   */
  constructor(
    problems: readonly FieldProblem[] | Readonly<Record<string, string>>,
    {
      code = 'invalid_fields',
      status = 422,
      message,
    }: { code?: string; status?: number; message?: string | Message } = {},
  ) {
    const list = isList(problems)
      ? problems
      : Object.entries(problems).map(([field, each]) => ({ field, message: each }))
    super(code, status, message ?? problemLines(list), {
      ...(message !== undefined && {
        detail: `refused fields: ${list.map(({ field }) => field).join(', ')}`,
      }),
    })
    this.name = 'ValidationError'
    this.problems = list
  }

  /** The messages of each field, each once. */
  get errors(): Record<string, string[]> {
    // A field may be named “constructor”: collected in a Map, which inherits nothing.
    const fields = Map.groupBy(this.problems, ({ field }) => field)
    return Object.fromEntries(
      [...fields].map(([field, all]) => [field, [...new Set(all.map(({ message }) => message))]]),
    )
  }

  /** What is wrong with each field, as one text beside it. */
  get sentences(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.errors).map(([field, all]) => [field, all.join(' ')]))
  }

  /** The same problems under the names that the fields have at an edge; a field that `names` lacks keeps its own. */
  rename(names: Readonly<Record<string, string>>, message = this.publicMessage): ValidationError {
    const renamed = this.problems.map((problem) => ({
      ...problem,
      field: own(names, problem.field) ?? problem.field,
    }))
    return new ValidationError(renamed, { code: this.code, status: this.status, message })
  }
}

const isList = (
  problems: readonly FieldProblem[] | Readonly<Record<string, string>>,
): problems is readonly FieldProblem[] => Array.isArray(problems)

/** What a form or a person's own data lacks: the sentences stand beside the fields. */
export const refusedFields = (
  problems: readonly FieldProblem[] | Readonly<Record<string, string>>,
  status = 422,
): ValidationError => new ValidationError(problems, { status, message: text('error.fieldsAgain') })

/**
 * Does checks of which none needs another's result: what each refuses is told at once.
 * @throws ValidationError (422) with the problems of all
 */
export function checkedTogether<Values extends readonly unknown[]>(
  ...checks: { [Place in keyof Values]: () => Values[Place] }
): Values {
  const problems: FieldProblem[] = []
  const values = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      problems.push(...error.problems)
      return undefined
    }
  })
  if (problems.length > 0) throw refusedFields(problems)
  return values as unknown as Values
}

/** The problems that a schema found, each under the first step of its path; of an unknown field, under its name. */
export const schemaProblems = (error: z.ZodError | undefined): FieldProblem[] =>
  (error?.issues ?? []).map((issue) => ({
    field: String(issue.path[0] ?? (issue.code === 'unrecognized_keys' ? issue.keys[0] : 'body')),
    message: issue.code === 'unrecognized_keys' ? t('admin.common.problem.unknown') : issue.message,
  }))

/** Does work of a service; what it refuses comes back under other names of its fields. */
export async function renaming<Result>(
  work: Promise<Result>,
  names: Readonly<Record<string, string>>,
  message?: string,
): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw error instanceof ValidationError ? error.rename(names, message) : error
  }
}
