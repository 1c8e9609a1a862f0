export type Status = "pending" | "processing" | "completed" | "failed" | "canceled";

export interface Image {
  id: string;
  url: string;
  width: number;
  height: number;
  thumbnail_url: string;
}

export interface Generation {
  id: string;
  status: Status;
  progress?: number;
  url?: string | null;
  prompt?: string;
  model?: string;
  images?: Image[];
  warnings?: string[];
  error?: { code: string; message: string } | null;
  [field: string]: unknown;
}

export interface Call {
  signal?: AbortSignal;
}

export interface Order extends Call {
  idempotencyKey?: string;
  /** How long `generate` waits. */
  seconds?: number;
  model?: string;
  size?: string;
  style?: string;
  n?: number;
  seed?: number;
  images?: string[];
  max_credits?: number;
  [field: string]: unknown;
}

export interface Options {
  apiKey?: string;
  baseUrl?: string;
  maxRetries?: number;
}

export interface Edited {
  success: boolean;
  job_id: string;
  image: string;
  thumbnailUrl: string;
  credits: { used: number; remaining: number };
  model: string;
  metadata: { provider: string; model: string; mode: string };
}

export class NanoBananaError extends Error {
  code: string;
  status: number;
  requestId: string;
}

export class NanoBanana {
  constructor(options?: Options);
  generate(prompt: string, options?: Order): Promise<Generation>;
  submit(prompt: string, options?: Order): Promise<Generation>;
  get(id: string, call?: Call): Promise<Generation>;
  wait(id: string, call?: Call & { seconds?: number }): Promise<Generation>;
  events(id: string, call?: Call): AsyncGenerator<Generation>;
  upload(image: Blob | BufferSource, call?: Call): Promise<string>;
  cancel(id: string, call?: Call): Promise<Generation>;
  edit(path: string, body: object, call?: Call & { idempotencyKey?: string }): Promise<Edited>;
}

export function configure(options: Options): void;

export function generateWithNanoBanana(
  prompt: string,
  style?: string,
  aspectRatio?: string,
  options?: Call & { idempotencyKey?: string },
): Promise<Edited>;

export function generateWithNanoBananaImageToImage(
  image: string,
  prompt: string,
  style?: string,
  aspectRatio?: string,
  options?: Call & { idempotencyKey?: string },
): Promise<Edited>;
