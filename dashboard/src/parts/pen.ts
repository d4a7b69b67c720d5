/** A clean canvas to draw on, as sharp as the screen. */

/** The pen of a canvas that is made `height` [CSS px] high and wiped; `null` where the browser does not draw. */
export function penOn(canvas: HTMLCanvasElement, height: number): CanvasRenderingContext2D | null {
  const [width, scale] = [canvas.clientWidth, devicePixelRatio];
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext('2d');
  pen?.setTransform(scale, 0, 0, scale, 0, 0);
  pen?.clearRect(0, 0, width, height);
  return pen;
}
