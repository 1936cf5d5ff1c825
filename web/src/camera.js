// The camera as a stream of squares: one at a time, the next as soon as the last has been answered.

import { squareOfSource } from "./picture.js";

export class Camera {
  #video;
  #stream = null;

  constructor(video) {
    this.#video = video;
  }

  get running() {
    return this.#stream !== null;
  }

  /** Show the camera and hand every square to `each`, until `stop`. Throws what a person can read. */
  async run(each) {
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1280 } };
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch (error) {
      throw new Error(error.name === "NotAllowedError" ? "the camera was not allowed" : "no camera could be opened");
    }
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    while (this.running) {
      await each(squareOfSource(this.#video, this.#video.videoWidth, this.#video.videoHeight));
      await new Promise(requestAnimationFrame);
    }
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
  }
}
